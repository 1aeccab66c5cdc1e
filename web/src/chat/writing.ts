import { ask as at, type ChatLine, roomTypingTopic, type Typing } from '../../../demo/contract.js';
import { encodeUser } from '../../../relay/src/user-word.js';
import { ask, explain, sendSignal, session } from '../session/index.js';
import { isChatLine } from './accept.js';
import type { PendingLine, Place } from './conversations.js';
import { confirm, pending } from './store.js';
import { TypingVoice } from './typing.js';

let written = 0;

/** Shows the line at once as pending; the service's answer makes it one like the others. */
export async function write(place: Place, text: string): Promise<void> {
  voice.stop();
  written += 1;
  const local = `local-${written}`;
  pending.value = [...pending.value, { local, place, text, at: Date.now(), failed: undefined }];
  await post(local);
}

/** Tries a line again that could not be sent. */
export async function retry(local: string): Promise<void> {
  change(local, { failed: undefined });
  await post(local);
}

async function post(local: string): Promise<void> {
  const line = pending.value.find((each) => each.local === local);
  if (line === undefined) return;
  const { place, text } = line;
  const mine = session.peek();
  try {
    const answer =
      place.type === 'room'
        ? await ask<ChatLine>(at.say, { room: place.id, text })
        : await ask<ChatLine>(at.write, { to: place.id, text });
    // The person who wrote it has signed out since.
    if (session.peek() !== mine) return;
    if (isChatLine(answer)) confirm(place, answer);
    drop(local);
  } catch (error) {
    // Nothing happens to one that was pushed back meanwhile: it is written, and pending no more.
    change(local, { failed: explain(error) });
  }
}

function drop(local: string): void {
  pending.value = pending.value.filter((each) => each.local !== local);
}

function change(local: string, what: Partial<PendingLine>): void {
  pending.value = pending.value.map((each) => (each.local === local ? { ...each, ...what } : each));
}

/** Gives up a line that could not be sent. */
export const discard = drop;

/** Tells the others that one types. */
export const voice = new TypingVoice((place, typing) => {
  // The page says "stopped" when it is left, also by signing out.
  if (session.peek() === undefined) return;
  // No STOMP destination leads to a name with a slash: RabbitMQ knows no escape for it. Trying would cost the connection.
  if (place.type === 'person' && place.id.includes('/')) return;
  const room = place.type === 'room';
  const destination = room ? roomTypingTopic(place.id) : `/user/${encodeUser(place.id)}/topic/typing`;
  const content: Typing = room ? { room: place.id, typing } : { typing };
  sendSignal(destination, {
    sendType: room ? 'topic' : 'user',
    businessType: 'chat.typing',
    toUniqueId: place.id,
    content,
  });
});
