import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChatLine } from '../../../demo/contract.js';
import { me } from '../session/index.js';
import { Avatar, Button, Empty, now } from '../ui/index.js';
import { Bubble, PendingBubble } from './Bubble.js';
import type { Place } from './conversations.js';
import { byDay, dayName } from './day.js';
import { linesOf, pendingOf } from './store.js';

/** Nearer to the end than this, in pixels, somebody reads the newest lines and follows them. */
const NEAR = 80;
/** Lines of one person within so many milliseconds stand together. */
const TOGETHER = 5 * 60_000;

/** The lines of one conversation. It follows the newest one, unless somebody reads further up. */
export function Log({ place }: { readonly place: Place }) {
  const lines = linesOf(place);
  const pending = pendingOf(place);
  const element = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const [behind, setBehind] = useState(false);
  const last = lines.at(-1)?.id;

  const toEnd = () => {
    const { current } = element;
    if (current !== null) current.scrollTop = current.scrollHeight;
    setBehind(false);
  };
  useLayoutEffect(() => {
    if (follows.current || pending.length > 0) toEnd();
    else setBehind(true);
  }, [last, pending.length]);

  const onScroll = () => {
    const { current } = element;
    if (current === null) return;
    follows.current = current.scrollHeight - current.scrollTop - current.clientHeight < NEAR;
    if (follows.current) setBehind(false);
  };

  return (
    <div class="chat-log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it */}
      <div class="chat-log" role="log" aria-label="Messages" tabIndex={0} ref={element} onScroll={onScroll}>
        {lines.length === 0 && pending.length === 0 && (
          <Empty icon="chat" title="Nothing has been said yet">
            Say hello.
          </Empty>
        )}
        {byDay(lines).map((day) => (
          <section key={day.date} class="chat-day">
            <h3 class="chat-day-name">
              <span>{dayName(day.date, now.value)}</span>
            </h3>
            <ol>
              {day.lines.map((line, i) => (
                <Line key={line.id} line={line} place={place} before={day.lines[i - 1]} />
              ))}
            </ol>
          </section>
        ))}
        {pending.length > 0 && (
          <ol>
            {pending.map((line) => (
              <li key={line.local} class="chat-line chat-mine" data-testid="chat-line" data-pending="true">
                <PendingBubble line={line} />
              </li>
            ))}
          </ol>
        )}
      </div>
      {behind && (
        <Button class="chat-to-end" size="s" icon="arrowDown" onClick={toEnd}>
          New messages
        </Button>
      )}
    </div>
  );
}

interface LineProps {
  readonly line: ChatLine;
  readonly place: Place;
  readonly before: ChatLine | undefined;
}

function Line({ line, place, before }: LineProps) {
  const mine = line.from === me.value;
  const goesOn = before?.from === line.from && line.at - before.at < TOGETHER;
  const named = place.type === 'room' && !mine;
  return (
    <li
      class={`chat-line${mine ? ' chat-mine' : ''}${goesOn ? ' chat-goes-on' : ''}`}
      data-testid="chat-line"
      data-from={line.from}
    >
      {named && (goesOn ? <span class="chat-avatar-room" /> : <Avatar name={line.from} size="s" />)}
      <Bubble line={line} name={named && !goesOn ? line.from : undefined} mine={mine} />
    </li>
  );
}
