import { type ReadonlySignal, signal } from '@preact/signals';
import type { Notice } from '../../../demo/contract.js';
import { announce, route, toast } from '../app/index.js';
import { count, linkOf, words } from './words.js';

/**
 * Notices that arrived while somebody looks at the list. They wait until they are asked for: what one is about to
 * click must not move away.
 */
const waiting = signal<ReadonlySet<string>>(new Set());
export const held: ReadonlySignal<ReadonlySet<string>> = waiting;

const away = signal<ReadonlySet<string>>(new Set());
/** Ids of those that had waited in the mailbox, until they have been seen. */
export const whileAway: ReadonlySignal<ReadonlySet<string>> = away;

/** Pulled mail comes as one burst of messages; it is spoken of once. */
const BURST_MS = 400;
let summary: ReturnType<typeof setTimeout> | undefined;

export interface Arrival {
  /** It is new in a list that is on the screen, with something in it. */
  readonly hold: boolean;
  /** It had waited in the mailbox. */
  readonly waited: boolean;
  /** How many of those that had waited are still to be read. */
  readonly countAway: () => number;
}

export function arrived(notice: Notice, { hold, waited, countAway }: Arrival): void {
  if (hold) waiting.value = new Set([...waiting.peek(), notice.id]);
  if (waited) {
    away.value = new Set([...away.peek(), notice.id]);
    clearTimeout(summary);
    summary = setTimeout(() => summarise(countAway()), BURST_MS);
  } else if (isElsewhere(notice)) {
    const link = linkOf(notice) ?? '#/notifications';
    toast({
      title: notice.title,
      text: notice.text,
      icon: words[notice.kind].icon,
      href: link,
      key: notice.id,
    });
  } else {
    announce(`New: ${notice.title}`);
  }
}

export function showHeld(): void {
  waiting.value = new Set();
}

/** They have been seen: the list was open, and is left. */
export function seen(): void {
  waiting.value = new Set();
  away.value = new Set();
}

export function forgetArrivals(): void {
  clearTimeout(summary);
  seen();
}

function summarise(missed: number): void {
  if (missed === 0) return;
  const notices = count(missed, 'new notice');
  if (route.peek().area === 'notifications') announce(`While you were away: ${notices}`);
  else
    toast({
      title: 'While you were away',
      text: notices,
      icon: 'inbox',
      href: '#/notifications',
      key: 'while-away',
    });
}

/** Not in the centre, and not in the very conversation that it is about. */
function isElsewhere(notice: Notice): boolean {
  const { area, query } = route.peek();
  if (area === 'notifications') return false;
  return !(area === 'chat' && notice.kind === 'mailbox' && query.get('with') === notice.from);
}
