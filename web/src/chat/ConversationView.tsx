import { useComputed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { href } from '../app/index.js';
import { markReadFrom } from '../notifications/index.js';
import { Avatar, Icon } from '../ui/index.js';
import { Composer } from './Composer.js';
import { type Place, placeKey } from './conversations.js';
import { Log } from './Log.js';
import { linesOf, markSeen, typing } from './store.js';
import { typingText } from './typing.js';

/** One conversation: what was said, who is typing, and where to write. */
export function ConversationView({ place }: { readonly place: Place }) {
  const count = useComputed(() => linesOf(place).length).value;
  useSeen(place, count);
  return (
    <section class="chat-conversation" aria-label={`Conversation: ${place.id}`} data-testid="conversation">
      <header class="chat-head">
        <a class="button button-icon chat-back" href={href('chat')} aria-label="All conversations">
          <Icon name="arrowLeft" />
        </a>
        {place.type === 'person' && <Avatar name={place.id} />}
        <h2>
          {place.type === 'room' && <span class="muted">#</span>}
          {place.id}
        </h2>
      </header>
      <Log place={place} />
      <TypingLine place={place} />
      <Composer place={place} />
    </section>
  );
}

/** What is on the screen is read, unless the tab is behind others. */
function useSeen(place: Place, count: number): void {
  useEffect(() => {
    const see = () => {
      if (document.visibilityState !== 'visible') return;
      markSeen(place);
      if (place.type === 'person') markReadFrom(place.id);
    };
    see();
    document.addEventListener('visibilitychange', see);
    return () => document.removeEventListener('visibilitychange', see);
  }, [place.type, place.id, count]);
}

/** It has its place whether somebody types or not. */
function TypingLine({ place }: { readonly place: Place }) {
  const names = typing.value.get(placeKey(place)) ?? [];
  return (
    <p class="chat-typing muted small" data-testid="typing">
      {names.length > 0 && (
        <>
          <span class="chat-dots" aria-hidden="true">
            <span />
            <span />
            <span />
          </span>
          {typingText(names)}
        </>
      )}
    </p>
  );
}
