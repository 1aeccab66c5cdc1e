import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Leases, relayOf } from '../../src/unread/leases.js';
import { MemoryMailbox } from './memory-mailbox.js';

const TIME = 60_000;
let mailbox: MemoryMailbox;
let leases: Leases;

beforeEach(() => {
  vi.useFakeTimers();
  mailbox = new MemoryMailbox();
  mailbox.put('a', 'b', 'c', 'd', 'e');
  leases = new Leases(TIME, 3);
});
afterEach(() => {
  vi.useRealTimers();
});

const grant = (messages = 2, user = 'alice') => leases.grant('relay-1', user, mailbox.take({ messages }));
const over = { code: 'ERR_LEASE_OVER', status: 410 };

describe('a lease', () => {
  it('names the relay that gave it, and cannot be guessed', () => {
    const [one, two] = [grant(1), grant(1)];
    expect([relayOf(one), relayOf(two)]).toEqual(['relay-1', 'relay-1']);
    expect(one).not.toBe(two);
    expect(one.slice('relay-1.'.length)).toMatch(/^[\w-]{22}$/);
  });

  it('that is acknowledged leaves nothing in the mailbox', async () => {
    expect(await leases.acknowledge('alice', grant())).toBe(2);
    expect(mailbox.unread).toEqual(['c', 'd', 'e']);
    expect(leases.size).toBe(0);
  });

  it('that is not acknowledged in time gives its messages back', async () => {
    const lease = grant();
    await vi.advanceTimersByTimeAsync(TIME - 1);
    expect(mailbox.waiting).toEqual(['c', 'd', 'e']);
    await vi.advanceTimersByTimeAsync(1);
    expect(mailbox.waiting).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(leases.size).toBe(0);
    await expect(leases.acknowledge('alice', lease)).rejects.toMatchObject(over);
  });

  it('is over with the channel that holds its messages', async () => {
    const lease = grant();
    mailbox.cut();
    await vi.advanceTimersByTimeAsync(0);
    expect(leases.size).toBe(0);
    await expect(leases.acknowledge('alice', lease)).rejects.toMatchObject(over);
    expect(mailbox.waiting).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may be given back, one or all', async () => {
    const [one] = [grant(1), grant(1), grant(1)];
    leases.giveBack(one ?? '');
    leases.giveBack('relay-1.unknown');
    await vi.advanceTimersByTimeAsync(0);
    expect(mailbox.waiting).toEqual(['a', 'd', 'e']);
    leases.giveBackAll();
    await vi.advanceTimersByTimeAsync(0);
    expect(mailbox.waiting).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(leases.size).toBe(0);
  });
});

describe('an acknowledgement', () => {
  it('is only for the one who has the lease, and tells nobody else that there is one', async () => {
    const lease = grant();
    const refusals = await Promise.allSettled([
      leases.acknowledge('bob', lease),
      leases.acknowledge('bob', 'relay-1.unknown'),
    ]);
    const [mine, unknown] = refusals.map((one) => (one.status === 'rejected' ? one.reason : undefined));
    expect(mine).toMatchObject(over);
    expect(mine.message).toBe(unknown.message);
    expect(await leases.acknowledge('alice', lease)).toBe(2);
    await expect(leases.acknowledge('bob', lease)).rejects.toMatchObject(over);
  });

  it('may be repeated for as long as the lease would have lived', async () => {
    const lease = grant();
    await leases.acknowledge('alice', lease);
    await vi.advanceTimersByTimeAsync(TIME - 1);
    expect(await leases.acknowledge('alice', lease)).toBe(2);
    await vi.advanceTimersByTimeAsync(1);
    await expect(leases.acknowledge('alice', lease)).rejects.toMatchObject(over);
  });

  it('is not answered before the broker has it', async () => {
    let answer = () => {};
    mailbox = new MemoryMailbox(
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    mailbox.put('a', 'b');
    const lease = grant();
    const answered = vi.fn();
    // The second is a client that has lost its patience.
    void leases.acknowledge('alice', lease).then(answered);
    void leases.acknowledge('alice', lease).then(answered);
    await vi.advanceTimersByTimeAsync(0);
    expect(answered).not.toHaveBeenCalled();
    for (let replies = 0; replies < 2; replies++) {
      answer();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect(answered.mock.calls).toEqual([[2], [2]]);
  });

  it('fails, every time, when the channel was lost before the broker had said that it has it', async () => {
    const lease = grant();
    const both = [leases.acknowledge('alice', lease), leases.acknowledge('alice', lease)];
    mailbox.cut();
    const results = await Promise.allSettled([
      ...both,
      ...both.map(() => leases.acknowledge('alice', lease)),
    ]);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: over });
  });

  it('fails when the time is up while messages are on their way back', async () => {
    const lease = grant();
    vi.advanceTimersByTime(TIME);
    expect(leases.size).toBe(1);
    await expect(leases.acknowledge('alice', lease)).rejects.toMatchObject(over);
    expect(mailbox.waiting).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('works for a mailbox that was cleared meanwhile', async () => {
    const lease = grant();
    mailbox.clear();
    expect(await leases.acknowledge('alice', lease)).toBe(2);
  });
});

it('refuses more leases than may live, and has room again for every one that ends', async () => {
  const [one, two, three] = [grant(1), grant(1), grant(1)];
  expect(() => leases.checkRoom()).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_MANY_LEASES', status: 429 }),
  );
  await leases.acknowledge('alice', one ?? '');
  expect(() => leases.checkRoom()).not.toThrow();
  leases.giveBack(two ?? '');
  await vi.advanceTimersByTimeAsync(TIME);
  expect(leases.size).toBe(0);
  await expect(leases.acknowledge('alice', three ?? '')).rejects.toMatchObject(over);
});
