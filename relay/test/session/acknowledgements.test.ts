import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RelayError } from '../../src/errors.js';
import { Acknowledgements } from '../../src/session/acknowledgements.js';
import { UserUnacked } from '../../src/session/unacked.js';
import { Settlements } from './rig.js';

const MOST = 4;
const MOST_OF_USER = 6;
let users: UserUnacked;
let list: Acknowledgements;
let settlements: Settlements;

beforeEach(() => {
  users = new UserUnacked(MOST_OF_USER);
  list = new Acknowledgements(MOST, users.share('alice'));
  settlements = new Settlements();
});

/** Adds one delivery per message and returns their ack values, or why there is none. */
function addTo(to: Acknowledgements, ordinal: number, ...messages: string[]): string[] {
  return messages.map((id) => {
    try {
      return to.add(ordinal, id, settlements.delivery(id));
    } catch (error) {
      return (error as RelayError).code;
    }
  });
}

function add(ordinal: number, ...messages: string[]): string[] {
  return addTo(list, ordinal, ...messages);
}

describe('ack values', () => {
  it('are another one for each subscription and message', () => {
    const [one, two] = [list.register(true), list.register(false)];
    const values = [...add(one, 'a', 'b'), ...add(two, 'a', 'b')];
    expect(new Set(values).size).toBe(4);
    expect(values.map((ack) => list.has(ack))).toEqual([true, true, true, true]);
  });

  it.each(['', 'a', ':a', '0:a', '2:a', '1:b', '01:a', '1:a ', ' 1:a', '1.0:a', 'NaN:a', '1'])(
    '%j is none of them and settles nothing',
    (ack) => {
      add(list.register(true), 'a');
      expect(list.has(ack)).toBe(false);
      list.settle(ack, true);
      list.settle(ack, false);
      expect(settlements).toMatchObject({ acked: [], refused: [] });
    },
  );
});

describe('settling', () => {
  it.each([
    [true, ['a', 'b'], [false, false, true]],
    [false, ['b'], [true, false, true]],
  ])('cumulative: %s', (cumulative, settled, left) => {
    const values = add(list.register(cumulative), 'a', 'b', 'c');
    list.settle(values[1] ?? '', true);
    expect(settlements).toMatchObject({ acked: settled, refused: [] });
    expect(values.map((ack) => list.has(ack))).toEqual(left);
  });

  it('a refusal covers the same messages', () => {
    const values = add(list.register(true), 'a', 'b', 'c');
    list.settle(values[1] ?? '', false);
    expect(settlements).toMatchObject({ acked: [], refused: ['a', 'b'] });
  });

  it('never reaches into another subscription', () => {
    const [one, two] = [list.register(true), list.register(true)];
    add(one, 'a');
    const [last = ''] = add(two, 'b');
    list.settle(last, true);
    expect(settlements.acked).toEqual(['b']);
  });

  it('happens once', () => {
    const [ack = ''] = add(list.register(false), 'a');
    for (const accepted of [true, true, false]) list.settle(ack, accepted);
    expect(settlements).toMatchObject({ acked: ['a'], refused: [] });
  });
});

describe('the bound', () => {
  it('is for all subscriptions together, and what is over it is not kept', () => {
    const [one, two] = [list.register(true), list.register(false)];
    const values = [...add(one, 'a', 'b'), ...add(two, 'c', 'd')];
    expect(add(one, 'e')).toEqual(['ERR_TOO_MANY_UNACKED']);
    expect(add(two, 'f')).toEqual(['ERR_TOO_MANY_UNACKED']);
    list.settle(values[1] ?? '', true);
    expect([...add(two, 'g', 'h'), ...add(one, 'i')].filter((ack) => !ack.startsWith('ERR_'))).toHaveLength(
      2,
    );
    expect(settlements).toMatchObject({ acked: ['a', 'b'], refused: [] });
  });

  it('has room again for what was refused, released or settled, each counted once', () => {
    const [one, two] = [list.register(true), list.register(false)];
    for (let round = 0; round < 3; round++) {
      const values = add(two, 'a', 'b', 'c', 'd');
      expect(values).not.toContain('ERR_TOO_MANY_UNACKED');
      for (const ack of [...values, ...values]) list.settle(ack, round % 2 === 0);
    }
    add(one, 'e', 'f', 'g', 'h');
    list.release(one);
    list.release(one);
    expect(add(two, 'i', 'j', 'k', 'l', 'm')[4]).toBe('ERR_TOO_MANY_UNACKED');
  });
});

describe('room', () => {
  it('is what is left of the bound', () => {
    const [one, two] = [list.register(true), list.register(false)];
    expect(list.room).toBe(4);
    const values = [...add(one, 'a', 'b'), ...add(two, 'c', 'd')];
    expect(list.room).toBe(0);
    add(one, 'e');
    expect(list.room).toBe(0);
    list.settle(values[1] ?? '', true);
    expect(list.room).toBe(2);
    list.settle(values[2] ?? '', false);
    list.release(two);
    expect(list.room).toBe(4);
  });

  it('is told once to everybody who waits for it, when it is there', () => {
    const [a = '', b = ''] = add(list.register(false), 'a', 'b');
    const rooms: number[] = [];
    for (let i = 0; i < 2; i++) list.onRoom(() => rooms.push(list.room));
    list.settle('1:never', true);
    expect(rooms).toEqual([]);
    list.settle(a, true);
    list.settle(b, true);
    expect(rooms).toEqual([3, 3]);
  });

  it('may be waited for again by whoever is told', () => {
    const [a = '', b = ''] = add(list.register(false), 'a', 'b');
    let told = 0;
    const again = () => {
      told++;
      list.onRoom(again);
    };
    list.onRoom(again);
    list.settle(a, true);
    expect(told).toBe(1);
    list.settle(b, true);
    expect(told).toBe(2);
  });

  // A replay that waits for room would wait for ever when another subscription of the session had it all and ends.
  it('is told also when a subscription ends that had messages to acknowledge', () => {
    const [one, two] = [list.register(true), list.register(true)];
    add(one, 'a', 'b', 'c', 'd');
    const told = vi.fn();
    list.onRoom(told);
    list.release(two);
    list.release(one);
    expect(told).toHaveBeenCalledTimes(1);
  });
});

describe('the bound of a user', () => {
  let other: Acknowledgements;
  beforeEach(() => {
    other = new Acknowledgements(MOST, users.share('alice'));
  });

  it('is for all sessions together', () => {
    const [one, two] = [list.register(false), other.register(false)];
    expect(add(one, 'a', 'b', 'c', 'd')).not.toContain('ERR_USER_TOO_MANY_UNACKED');
    expect(addTo(other, two, 'e', 'f', 'g').map((ack) => ack.startsWith('ERR_'))).toEqual([
      false,
      false,
      true,
    ]);
    expect(addTo(other, two, 'g')).toEqual(['ERR_USER_TOO_MANY_UNACKED']);
    const bob = new Acknowledgements(MOST, users.share('bob'));
    expect(addTo(bob, bob.register(false), 'h')).toEqual(['1:h']);
  });

  it('has room again for what any of them settles or gives back', () => {
    const [one, two] = [list.register(false), other.register(true)];
    for (let round = 0; round < 3; round++) {
      const [a = '', , , d = ''] = add(one, 'a', 'b', 'c', 'd');
      addTo(other, two, 'e', 'f');
      list.settle(a, true);
      list.settle(d, false);
      expect(addTo(other, two, 'g', 'h', 'i')[2]).toBe('ERR_TOO_MANY_UNACKED');
      other.settle(`${two}:h`, true);
      for (const left of ['b', 'c']) list.settle(`${one}:${left}`, true);
    }
    add(one, 'j');
    addTo(other, two, 'k');
    list.release(one);
    other.release(two);
    expect(users.size).toBe(0);
  });

  it('leaves half of it to what arrives live, as the bound of a session does', () => {
    const [one, two] = [list.register(false), other.register(false)];
    expect([list.roomForReplay, other.roomForReplay]).toEqual([2, 2]);
    add(one, 'a');
    expect([list.roomForReplay, other.roomForReplay]).toEqual([1, 2]);
    addTo(other, two, 'b', 'c');
    expect([list.roomForReplay, other.roomForReplay]).toEqual([0, 0]);
  });

  it('tells of room that another session has made', () => {
    const [ack = ''] = add(list.register(false), 'a');
    const told = vi.fn();
    other.onRoom(told);
    list.settle(ack, true);
    expect(told).toHaveBeenCalledTimes(1);
  });
});

describe('release', () => {
  it('gives back what waits on that subscription alone', () => {
    const [one, two] = [list.register(true), list.register(true)];
    const [first = ''] = add(one, 'a', 'b');
    const [other = ''] = add(two, 'c');
    list.release(one);
    expect(settlements).toMatchObject({ acked: [], refused: ['a', 'b'] });
    list.settle(first, true);
    expect([list.has(first), list.has(other)]).toEqual([false, true]);
    expect(settlements.acked).toEqual([]);
  });
});

describe('stalled', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const stalled = () => list.stalled(Date.now());

  it('is the time since the first, not the latest, that waits', () => {
    const one = list.register(false);
    vi.advanceTimersByTime(5000);
    expect(stalled()).toBe(0);
    add(one, 'a');
    vi.advanceTimersByTime(700);
    add(one, 'b');
    vi.advanceTimersByTime(300);
    expect(stalled()).toBe(1000);
  });

  it('starts again with every progress and with nothing else', () => {
    const one = list.register(false);
    const [a = '', b = ''] = add(one, 'a', 'b');
    vi.advanceTimersByTime(1000);
    list.settle(a, false);
    expect(stalled()).toBe(0);
    vi.advanceTimersByTime(1000);
    list.settle(a, true);
    list.settle('1:never', true);
    expect(stalled()).toBe(1000);
    list.settle(b, true);
    vi.advanceTimersByTime(1000);
    expect(stalled()).toBe(0);
    add(one, 'c');
    expect(stalled()).toBe(0);
    vi.advanceTimersByTime(10);
    expect(stalled()).toBe(10);
    list.release(one);
    expect(stalled()).toBe(0);
  });

  it('does not count the time for which a client was excused', () => {
    add(list.register(false), 'a');
    vi.advanceTimersByTime(1000);
    list.excuse(Date.now());
    vi.advanceTimersByTime(10);
    expect(stalled()).toBe(10);
  });
});
