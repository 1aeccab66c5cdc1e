import { computed, type ReadonlySignal, signal } from '@preact/signals';
import {
  ask as asks,
  type Centre,
  type CentreChange,
  type Kind,
  listen,
  type Notice,
} from '../../../demo/contract.js';
import { toast } from '../app/index.js';
import { ask, explain, keepLoaded, listenTo, whileSignedIn } from '../session/index.js';
import { arrived, forgetArrivals, whileAway } from './arrivals.js';
import { addNotice, applyChange, countUnread, emptyCentre, isNotice, joinCentre } from './centre.js';

const state = signal<Centre>(emptyCentre);

export const centre: ReadonlySignal<Centre> = state;
export const unreadCount: ReadonlySignal<number> = computed(() => countUnread(state.value.notices));
/** How many of those that came while one was away are not read yet. */
export const awayCount: ReadonlySignal<number> = computed(
  () => state.value.notices.filter(({ id, read }) => !read && whileAway.value.has(id)).length,
);

/** Whether the list is on the screen. */
export const listOpen = signal(false);

export const remote = keepLoaded(async (current) => {
  const answer = await ask<Centre>(asks.centre, {});
  if (current()) state.value = joinCentre(state.peek(), answer);
});

whileSignedIn(() => {
  const stops = [
    listenTo<Notice>(listen.notifications, (notice, { message }) => hear(notice, message.unread), {
      accept: isNotice,
    }),
    listenTo<CentreChange>(listen.centre, (change, { envelope }) => apply(change, envelope.timestamp), {
      // What changed in other tabs while this one was away is in the centre's answer.
      unread: 'none',
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    state.value = emptyCentre;
    forgetArrivals();
  };
});

export function markRead(ids: readonly string[]): Promise<void> {
  const fresh = state.peek().notices.filter(({ id, read }) => !read && ids.includes(id));
  if (fresh.length === 0) return Promise.resolve();
  const read = fresh.map(({ id }) => id);
  return change({ read }, () => ask(asks.markRead, { ids: read }));
}

export function markAllRead(): Promise<void> {
  return change({ read: 'all' }, () => ask(asks.markRead, { all: true }));
}

/** The conversation with this person is open: what the mailbox said of it has been seen. */
export function markReadFrom(user: string): Promise<void> {
  const { notices } = state.peek();
  return markRead(
    notices.filter(({ kind, from }) => kind === 'mailbox' && from === user).map(({ id }) => id),
  );
}

export function setWanted(kind: Kind, wanted: boolean): Promise<void> {
  const others = state.peek().muted.filter((muted) => muted !== kind);
  const muted = wanted ? others : [...others, kind];
  return change({ muted }, () => ask(asks.settings, { muted }));
}

export function isFollowing(type: 'product' | 'order', id: string): boolean {
  return state.value.following.some((thing) => thing.type === type && thing.id === id);
}

export function follow(type: 'product' | 'order', id: string, on: boolean): Promise<void> {
  const others = state.peek().following.filter((thing) => thing.type !== type || thing.id !== id);
  const following = on ? [...others, { type, id }] : others;
  return change({ following }, () => ask(asks.follow, { type, id, on }));
}

/** To everybody whom the notification service knows. @returns how many */
export async function announceToAll(title: string, text: string): Promise<number> {
  const { reached } = await ask<{ readonly reached: number }>(asks.announce, { title, text });
  return reached;
}

function hear(notice: Notice, waited: boolean): void {
  const before = state.peek();
  const known = before.notices.find(({ id }) => id === notice.id);
  // What waited may stand in the centre's answer already: it was missed all the same, unless it has been read.
  if (known !== undefined && (known.read || !waited)) return;
  state.value = addNotice(before, notice);
  const hold = known === undefined && listOpen.peek() && before.notices.length > 0;
  arrived(notice, { hold, waited, countAway: () => awayCount.peek() });
}

function apply(change: CentreChange, at: number): void {
  state.value = applyChange(state.peek(), change, at);
}

/** Shows a change at once, has the service make it, and takes it back where that fails. Never rejects. */
async function change(wanted: CentreChange, make: () => Promise<unknown>): Promise<void> {
  const before = state.peek();
  apply(wanted, Date.now());
  try {
    await make();
  } catch (error) {
    state.value = undo(state.peek(), before, wanted);
    toast({ title: 'That did not work', text: explain(error), icon: 'warning', tone: 'bad' });
  }
}

/** What came meanwhile stays. */
function undo(now: Centre, before: Centre, { read, muted, following }: CentreChange): Centre {
  const wasRead = new Map(before.notices.map((notice) => [notice.id, notice.read]));
  return {
    notices:
      read === undefined
        ? now.notices
        : now.notices.map((n) => ({ ...n, read: wasRead.get(n.id) ?? n.read })),
    muted: muted === undefined ? now.muted : before.muted,
    following: following === undefined ? now.following : before.following,
  };
}
