import type { ChatLine } from '../../../demo/contract.js';

/** Where one talks: with a person, or in a room. A person may bear the name of a room. */
export interface Place {
  readonly type: 'person' | 'room';
  readonly id: string;
}

/** A line that the service has not confirmed yet. */
export interface PendingLine {
  readonly local: string;
  readonly place: Place;
  readonly text: string;
  readonly at: number;
  readonly failed: string | undefined;
}

export const placeKey = (place: Place): string => `${place.type}:${place.id}`;
export const samePlace = (a: Place | undefined, b: Place | undefined): boolean =>
  a !== undefined && b !== undefined && a.type === b.type && a.id === b.id;

/** Where a line of one's own mailbox belongs: to the other of the two. */
export const personPlace = (line: ChatLine, me: string): Place => ({
  type: 'person',
  id: line.from === me ? line.to : line.from,
});

/** All lines by conversation; `placeKey` → lines, oldest first. */
export type Lines = ReadonlyMap<string, readonly ChatLine[]>;

/** How many lines of a conversation the page keeps. */
const KEPT = 500;

/**
 * Takes lines into one conversation: sorted by the service's time, each once, whatever way and however often they
 * came. The same map is returned when nothing is new.
 */
export function mergeLines(lines: Lines, place: Place, more: readonly ChatLine[]): Lines {
  const key = placeKey(place);
  const known = lines.get(key) ?? [];
  const ids = new Set(known.map(({ id }) => id));
  const fresh = more.filter(({ id }) => !ids.has(id) && ids.add(id));
  if (fresh.length === 0) return lines;
  const merged = [...known, ...fresh].sort((a, b) => a.at - b.at || compare(a.id, b.id)).slice(-KEPT);
  return new Map([...lines, [key, merged]]);
}

/** The pushed line is there before the answer: it takes the place of the oldest pending one with its text. */
export function claim(pending: readonly PendingLine[], place: Place, line: ChatLine): readonly PendingLine[] {
  const claimed = pending.find((each) => samePlace(each.place, place) && each.text === line.text);
  return pending.filter((each) => each !== claimed);
}

/** What of one's own is still to be shown as pending in a conversation. */
export const pendingIn = (pending: readonly PendingLine[], place: Place): readonly PendingLine[] =>
  pending.filter((each) => samePlace(each.place, place));

/** Lines of others behind the last that was seen, by the service's time. */
export function unreadLines(lines: readonly ChatLine[], me: string, seen: number): number {
  // Who has answered has read what came before.
  const answered = lines.reduce((at, line) => (line.from === me ? Math.max(at, line.at) : at), 0);
  return lines.filter((line) => line.from !== me && line.at > Math.max(seen, answered)).length;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
