import { duration } from '../ui/duration.js';
import { Card, Tag } from '../ui/index.js';
import { clockTime } from './clock.js';
import { timeline } from './store.js';

/** What the connection went through, newest first. */
export function TimelineCard() {
  const { steps } = timeline.value;
  return (
    <Card title="Timeline" class="wire-timeline">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <ol class="wire-scroll" tabIndex={0} aria-label="Timeline" data-testid="wire-timeline">
        {steps.map((step, place) => (
          // By place, all of one height, with a new inside for a new step: lines change, none is moved.
          <li
            key={place}
            class={`wire-step wire-step-${step.kind}`}
            data-testid="wire-step"
            data-kind={step.kind}
          >
            <span key={step.id} class="wire-step-inside">
              <time class="wire-time muted">{clockTime(step.at)}</time>
              <span class="dot" aria-hidden="true" />
              <span class="wire-step-text" title={step.text}>
                {step.text}
              </span>
              {step.away !== undefined && (
                <span class="wire-away" data-testid="wire-away">
                  <Tag tone="good">back after {duration(step.away)}</Tag>
                </span>
              )}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
