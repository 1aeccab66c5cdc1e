import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../ui/index.js';
import { type Place, placeKey } from './conversations.js';
import { voice, write } from './writing.js';

/** Characters that the service takes. */
const LONGEST = 2000;

/** What was begun in each conversation, as long as the page is open. */
const drafts = new Map<string, string>();

/** Enter sends, Shift and Enter begins another line. */
export function Composer({ place }: { readonly place: Place }) {
  const key = placeKey(place);
  const [text, setText] = useState(() => drafts.get(key) ?? '');
  const element = useRef<HTMLTextAreaElement>(null);
  useEffect(() => () => voice.stop(), []);

  const change = (next: string) => {
    setText(next);
    drafts.set(key, next);
  };
  const send = () => {
    const said = text.trim();
    element.current?.focus();
    if (said === '') return;
    change('');
    void write(place, said);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // While characters are being composed, Enter chooses one of them.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="chat-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={element}
        class="input chat-input"
        rows={1}
        maxLength={LONGEST}
        aria-label={`Message to ${place.id}`}
        placeholder={`Message to ${place.id}`}
        value={text}
        onInput={(event) => {
          change(event.currentTarget.value);
          voice.key(place, event.currentTarget.value);
        }}
        onKeyDown={onKeyDown}
        onBlur={() => voice.stop()}
        data-testid="chat-input"
      />
      <Button type="submit" variant="primary" icon="send" data-testid="chat-send">
        Send
      </Button>
    </form>
  );
}
