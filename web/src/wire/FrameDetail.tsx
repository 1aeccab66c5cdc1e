import { clockTime } from './clock.js';
import { bytes, type NumberedFrame, readable } from './frames.js';

/** Characters of a body that are shown; one can be a megabyte. */
const SHOWN = 20_000;

/** One frame in full. What it says is text, whatever it looks like. */
export function FrameDetail({ frame }: { readonly frame: NumberedFrame }) {
  const headers = Object.entries(frame.headers);
  const body = readable(frame.body);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it
    <section class="wire-detail-inside" tabIndex={0} aria-label="The chosen frame">
      <p class="wire-detail-head">
        <strong>{frame.command}</strong>
        <span class="muted small numbers">
          {frame.direction === 'in' ? 'received' : 'sent'} at {clockTime(frame.at)}
        </span>
      </p>
      {headers.length > 0 && (
        <dl class="wire-headers">
          {headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {body !== '' && (
        <>
          <pre class="wire-body" data-testid="frame-body">
            {body.slice(0, SHOWN)}
          </pre>
          {body.length > SHOWN && (
            <p class="muted small">
              {bytes(frame.size)}, the first {SHOWN.toLocaleString('en')} characters shown
            </p>
          )}
        </>
      )}
    </section>
  );
}
