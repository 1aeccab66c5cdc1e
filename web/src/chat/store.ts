import { computed, effect, signal } from '@preact/signals';
import {
  ask as at,
  type ChatLine,
  type ChatView,
  listen,
  type Person,
  roomTopic,
  roomTypingTopic,
  type Typing,
} from '../../../demo/contract.js';
import { ask, keepLoaded, listenTo, me, whileSignedIn } from '../session/index.js';
import { isChatLine, isPerson, isTyping } from './accept.js';
import {
  claim,
  type Lines,
  mergeLines,
  type PendingLine,
  type Place,
  pendingIn,
  personPlace,
  placeKey,
  unreadLines,
} from './conversations.js';
import { keepSeen, laterSeen, onSeenElsewhere, recallSeen, type Seen } from './seen.js';
import { TypingBoard } from './typing.js';

export const people = signal<readonly string[]>([]);
export const rooms = signal<readonly string[]>([]);
const lines = signal<Lines>(new Map());
/** One's own lines that are not confirmed yet. */
export const pending = signal<readonly PendingLine[]>([]);
const seen = signal<Seen>({});
const board = new TypingBoard();

/** `placeKey` → who is typing there. */
export const typing = board.people;

/** Lines of others that were not read yet; `placeKey` → how many. */
export const unreadByPlace = computed(() => {
  const counts = [...lines.value].map(([key, each]): [string, number] => [
    key,
    unreadLines(each, me.value, seen.value[key] ?? 0),
  ]);
  return new Map(counts.filter(([, count]) => count > 0));
});

/** For the badge at "Chat". */
export const unreadTotal = computed(() => [...unreadByPlace.value.values()].reduce((sum, n) => sum + n, 0));

export const linesOf = (place: Place): readonly ChatLine[] => lines.value.get(placeKey(place)) ?? [];
export const pendingOf = (place: Place): readonly PendingLine[] => pendingIn(pending.value, place);

whileSignedIn(() => {
  // Before the first CONNECTED a pasted token's user is not known yet.
  const stopSeen = effect(() => {
    const user = me.value;
    if (user === '') return;
    seen.value = recallSeen(user);
    return onSeenElsewhere(user, (other) => {
      seen.value = laterSeen(seen.peek(), other);
    });
  });
  const stops = [
    listenTo(listen.chat, hearPersonLine, { accept: isChatLine }),
    listenTo(listen.people, hearPerson, { accept: isPerson }),
    listenTo(
      listen.typing,
      ({ typing }: Typing, { envelope: { fromUniqueId } }) =>
        board.heard({ type: 'person', id: fromUniqueId }, fromUniqueId, typing),
      { from: 'anyone', accept: isTyping, unread: 'none' },
    ),
  ];
  return () => {
    stopSeen();
    for (const stop of stops) stop();
    for (const stop of roomStops.values()) stop();
    roomStops.clear();
    board.clear();
    people.value = [];
    rooms.value = [];
    lines.value = new Map();
    pending.value = [];
    seen.value = {};
  };
});

/** People, rooms and what was written, fetched after every connect. */
export const chat = keepLoaded(async (current) => {
  const view = await ask<ChatView>(at.chat, {});
  if (!current()) return;
  for (const room of view.rooms) enter(room);
  rooms.value = view.rooms;
  for (const person of view.people) hearPerson(person);
  const self = me.value;
  let all = lines.value;
  for (const line of view.lines.filter(isChatLine)) {
    const place: Place = view.rooms.includes(line.to)
      ? { type: 'room', id: line.to }
      : personPlace(line, self);
    if (place.type === 'person') hearPerson({ user: place.id });
    all = mergeLines(all, place, [line]);
  }
  lines.value = all;
  // What was said in a room before one came there for the first time is no news.
  for (const room of view.rooms) {
    const place: Place = { type: 'room', id: room };
    if (seen.value[placeKey(place)] === undefined) markSeen(place, true);
  }
});

const roomStops = new Map<string, () => void>();

function enter(room: string): void {
  if (roomStops.has(room)) return;
  const place: Place = { type: 'room', id: room };
  const stopLines = listenTo(roomTopic(room), (line: ChatLine) => hear(place, line), { accept: isChatLine });
  const stopTyping = listenTo(
    roomTypingTopic(room),
    ({ typing }: Typing, { envelope: { fromUniqueId } }) => {
      if (fromUniqueId !== me.value) board.heard(place, fromUniqueId, typing);
    },
    { from: 'anyone', accept: isTyping },
  );
  roomStops.set(room, () => {
    stopLines();
    stopTyping();
  });
}

function hearPerson({ user }: Person): void {
  if (user === me.value || people.value.includes(user)) return;
  people.value = [...people.value, user].sort((a, b) => a.localeCompare(b));
}

function hearPersonLine(line: ChatLine): void {
  const place = personPlace(line, me.value);
  hearPerson({ user: place.id });
  hear(place, line);
}

/** Takes a line in that was pushed. */
function hear(place: Place, line: ChatLine): void {
  const merged = mergeLines(lines.value, place, [line]);
  if (merged === lines.value) return;
  lines.value = merged;
  if (line.from === me.value) {
    // Also one that failed: it was written, only its answer was lost.
    pending.value = claim(pending.value, place, line);
    return;
  }
  board.heard(place, line.from, false);
}

/** All of a conversation has been read; `even` when there is nothing in it. */
export function markSeen(place: Place, even = false): void {
  const last = linesOf(place).at(-1)?.at ?? (even ? 1 : 0);
  const key = placeKey(place);
  if (last <= (seen.value[key] ?? 0)) return;
  seen.value = laterSeen(laterSeen(recallSeen(me.value), seen.value), { [key]: last });
  keepSeen(me.value, seen.value);
}

/** Takes a line in that is the answer to having written it. */
export function confirm(place: Place, line: ChatLine): void {
  lines.value = mergeLines(lines.value, place, [line]);
}
