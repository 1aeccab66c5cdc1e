import type { ChatLine } from '../../../demo/contract.js';
import { Time, VisuallyHidden } from '../ui/index.js';
import type { PendingLine } from './conversations.js';
import { discard, retry } from './writing.js';

export interface BubbleProps {
  readonly line: ChatLine;
  /** Shown above the text, where several people talk. */
  readonly name: string | undefined;
  readonly mine: boolean;
}

/** One line. Its text is text, whatever it looks like: no links, no markup. */
export function Bubble({ line, name, mine }: BubbleProps) {
  return (
    <div class="chat-bubble">
      {name === undefined ? (
        <VisuallyHidden>{mine ? 'You' : line.from}: </VisuallyHidden>
      ) : (
        <span class="chat-name">{name}</span>
      )}
      <span class="chat-text" dir="auto" data-testid="chat-text">
        {line.text}
      </span>
      <span class="chat-meta muted">
        <Time at={line.at} as="clock" />
      </span>
    </div>
  );
}

/** One's own line before the service has confirmed it. */
export function PendingBubble({ line }: { readonly line: PendingLine }) {
  return (
    <div class={line.failed === undefined ? 'chat-bubble chat-pending' : 'chat-bubble chat-failed'}>
      <VisuallyHidden>You: </VisuallyHidden>
      <span class="chat-text" dir="auto" data-testid="chat-text">
        {line.text}
      </span>
      {line.failed === undefined ? (
        <span class="chat-meta muted">Sending …</span>
      ) : (
        <span class="chat-meta" role="alert">
          {line.failed}{' '}
          <button
            type="button"
            class="chat-again"
            onClick={() => void retry(line.local)}
            data-testid="chat-retry"
          >
            Try again
          </button>{' '}
          <button type="button" class="chat-again" onClick={() => discard(line.local)}>
            Discard
          </button>
        </span>
      )}
    </div>
  );
}
