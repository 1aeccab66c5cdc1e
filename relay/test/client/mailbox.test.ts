import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HttpRefused } from '../../client/http.js';
import { Mailbox, type MailSource, type Page } from '../../client/mailbox.js';
import { Merge } from '../../client/merge.js';
import type { RelayMessage } from '../../client/types.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What is in the mailbox, and what became of the pulls. */
class Store implements MailSource {
  waiting: string[] = [];
  failures: Error[] = [];
  readonly pulls: boolean[] = [];
  readonly acknowledged: string[] = [];
  /** Awaited by every pull before it answers. */
  gate: Promise<void> = Promise.resolve();

  async pull(_: string, settled: boolean): Promise<Page> {
    this.pulls.push(settled);
    await this.gate;
    const failure = this.failures.shift();
    if (failure) throw failure;
    const messages = this.waiting
      .splice(0, 2)
      .map((body) => ({ id: body, headers: {}, body, encoding: 'utf8' as const }));
    return { messages, lease: messages[0]?.body ?? null, remaining: this.waiting.length };
  }

  async acknowledge(lease: string): Promise<void> {
    this.acknowledged.push(lease);
  }
}

function open() {
  const store = new Store();
  const shown: string[] = [];
  const merge = new Merge(({ body }) => shown.push(body));
  const mailbox = new Mailbox('/user/topic/a', merge, store);
  const live = (body: string) => merge.live({ id: body, body } as RelayMessage);
  return { store, shown, mailbox, live };
}

const soon = () => vi.advanceTimersByTimeAsync(0);
const unreachable = () => new TypeError('fetch failed');

describe('a mailbox', () => {
  it('is emptied page by page before live messages are shown, each page acknowledged once it was', async () => {
    const { store, shown, mailbox, live } = open();
    store.waiting = ['1', '2', '3'];
    mailbox.begin();
    live('4');
    mailbox.subscribed();
    await soon();
    live('5');
    expect(shown).toEqual(['1', '2', '3', '4', '5']);
    expect(store.acknowledged).toEqual(['1', '3']);
    expect(store.pulls).toEqual([true, false]);
  });

  it('is looked into when something is told to be there, and again while the number stays', async () => {
    const { store, shown, mailbox } = open();
    store.waiting = ['1'];
    mailbox.count(1);
    await soon();
    // One came as the other was fetched: the relay sees no change, and tells nothing.
    store.waiting = ['2'];
    await vi.advanceTimersByTimeAsync(999);
    expect(shown).toEqual(['1']);
    await vi.advanceTimersByTimeAsync(1);
    expect(shown).toEqual(['1', '2']);
    mailbox.count(0);
    const { length } = store.pulls;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.pulls).toHaveLength(length);
  });

  it.each(['down', 'end'] as const)('is left alone after %s', async (how) => {
    const { store, mailbox } = open();
    mailbox.count(1);
    await soon();
    mailbox[how]();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.pulls).toHaveLength(1);
  });

  it('keeps live messages waiting for two failures and not for a third, and goes on trying', async () => {
    const { store, shown, mailbox, live } = open();
    vi.spyOn(Math, 'random').mockReturnValue(1);
    store.waiting = ['late'];
    store.failures = [unreachable(), unreachable(), unreachable()];
    mailbox.begin();
    live('1');
    mailbox.subscribed();
    await vi.advanceTimersByTimeAsync(2999);
    expect(shown).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(shown).toEqual(['1']);
    await vi.advanceTimersByTimeAsync(4000);
    expect(shown).toEqual(['1', 'late']);
    expect(store.pulls).toEqual([true, true, true, true]);
  });

  it('waits as long as the relay says', async () => {
    const { store, shown, mailbox } = open();
    store.waiting = ['1'];
    store.failures = [new HttpRefused(429, 'ERR_TOO_MANY_REQUESTS', 'wait', 20_000)];
    mailbox.subscribed();
    await vi.advanceTimersByTimeAsync(19_999);
    expect(shown).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(shown).toEqual(['1']);
  });

  it('that may not be looked into holds nothing up, and is not asked for again', async () => {
    const { store, shown, mailbox, live } = open();
    store.failures = [new HttpRefused(403, 'ERR_ORIGIN', 'no', 0)];
    mailbox.begin();
    live('1');
    mailbox.subscribed();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(shown).toEqual(['1']);
    expect(store.pulls).toEqual([true]);
  });

  it('is not read for somebody who has gone meanwhile', async () => {
    const { store, shown, mailbox } = open();
    store.waiting = ['1'];
    let answer = () => {};
    store.gate = new Promise((resolve) => {
      answer = resolve;
    });
    mailbox.subscribed();
    await soon();
    mailbox.end();
    answer();
    await soon();
    expect([shown, store.acknowledged]).toEqual([[], []]);
  });
});
