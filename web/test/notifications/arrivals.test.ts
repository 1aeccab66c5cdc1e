import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Notice } from '../../../demo/contract.js';
import { announcement } from '../../src/app/announce.js';
import { dismissAll, slots } from '../../src/app/toasts.js';
import {
  arrived,
  forgetArrivals,
  held,
  seen,
  showHeld,
  whileAway,
} from '../../src/notifications/arrivals.js';

const notice = (id: string): Notice => ({
  id,
  kind: 'mailbox',
  title: `Notice ${id}`,
  text: 'Hello',
  at: 1,
  read: false,
  from: 'bob',
});
const countAway = () => whileAway.value.size;
const toasts = () =>
  slots.value.flatMap((slot) => (slot === undefined ? [] : [`${slot.title}: ${slot.text}`]));

describe('what happens when a notice arrives', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    forgetArrivals();
    dismissAll();
    vi.useRealTimers();
  });

  it('waits beside a list that is on the screen, until it is asked for', () => {
    arrived(notice('a'), { hold: true, waited: false, countAway });
    arrived(notice('b'), { hold: true, waited: false, countAway });
    expect([...held.value]).toEqual(['a', 'b']);
    showHeld();
    expect(held.value.size).toBe(0);
  });

  it('says it in passing on any other page, where nothing is held', () => {
    arrived(notice('a'), { hold: false, waited: false, countAway });
    expect(held.value.size).toBe(0);
    expect(toasts()).toEqual(['Notice a: Hello']);
    expect(announcement.value).toBe('Notice a. Hello');
  });

  it('speaks once of all that had waited, and remembers them until they were seen', () => {
    for (const id of ['a', 'b', 'c']) arrived(notice(id), { hold: false, waited: true, countAway });
    expect(toasts()).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(toasts()).toEqual(['While you were away: 3 new notices']);
    expect(whileAway.value.size).toBe(3);
    seen();
    expect(whileAway.value.size).toBe(0);
  });

  it('says nothing of what has been read elsewhere meanwhile', () => {
    arrived(notice('a'), { hold: false, waited: true, countAway: () => 0 });
    vi.advanceTimersByTime(1_000);
    expect(toasts()).toEqual([]);
  });

  it('says nothing to the next person of what the last one missed', () => {
    arrived(notice('a'), { hold: false, waited: true, countAway: () => 1 });
    forgetArrivals();
    vi.advanceTimersByTime(1_000);
    expect(toasts()).toEqual([]);
  });
});
