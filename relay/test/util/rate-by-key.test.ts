import { describe, expect, it } from 'vitest';
import { RateByKey } from '../../src/util/rate-by-key.js';

/** Rates whose time is the test's to tell, and whose luck is fixed: `random` from 0 to just below 1. */
function rates(rate: number, capacity: number, { random = 0, mostKeys = 1000 } = {}) {
  const time = { now: 5000 };
  const byKey = new RateByKey(rate, capacity, { clock: () => time.now, random: () => random, mostKeys });
  const takes = (key: string, times: number) => Array.from({ length: times }, () => byKey.take(key));
  return { time, byKey, takes };
}

describe('a rate', () => {
  it('lets a burst through, and then as many as come in', () => {
    const { time, takes } = rates(2, 5);
    expect(takes('a', 7).map((wait) => wait > 0)).toEqual([false, false, false, false, false, true, true]);
    time.now += 1000;
    expect(takes('a', 3).map((wait) => wait > 0)).toEqual([false, false, true]);
  });

  it('is of each key', () => {
    const { byKey, takes } = rates(1, 2);
    takes('a', 5);
    expect(byKey.take('b')).toBe(0);
  });

  it('says when to come back: soon after the first token is there at the earliest', () => {
    const { takes } = rates(2, 1, { random: 0 });
    expect(takes('a', 4)).toEqual([0, 0.5, 0.5, 0.5]);
  });

  it('spreads those who were refused over the time that they need together', () => {
    const { takes } = rates(2, 1, { random: 0.999 });
    const [, ...waits] = takes('a', 11);
    for (const [index, wait] of waits.entries()) expect(wait).toBeCloseTo(0.5 + (0.999 * (index + 1)) / 2);
  });

  it('has nobody wait ever longer because somebody does not wait at all', () => {
    const { time, byKey, takes } = rates(10, 1, { random: 0.999 });
    takes('a', 100_000);
    expect(byKey.take('a')).toBeLessThanOrEqual(60);
    time.now += 61_000;
    expect(byKey.take('a')).toBe(0);
    // The wait of the others is over too: only the one who is refused now is still expected.
    expect(byKey.take('a')).toBeLessThanOrEqual(0.2);
  });
});

describe('what is remembered', () => {
  it('is never less than what is missing from a bucket', () => {
    // One token takes 250 s: it is still missing long after others came and went.
    const { time, byKey } = rates(0.004, 1);
    byKey.take('a');
    for (let second = 0; second < 246; second += 3) {
      time.now += 3000;
      byKey.take(`other-${second}`);
    }
    expect(byKey.take('a')).toBeGreaterThan(0);
  });

  it('ends when it makes no difference any more', () => {
    const { time, byKey } = rates(1, 2);
    for (let user = 0; user < 500; user++) byKey.take(`user-${user}`);
    expect(byKey.size).toBe(500);
    for (const _ of [1, 2]) {
      time.now += 61_000;
      byKey.take('somebody');
    }
    expect(byKey.size).toBe(1);
  });

  it('is bounded, whoever comes', () => {
    const { byKey } = rates(1, 2, { mostKeys: 100 });
    for (let user = 0; user < 10_000; user++) {
      byKey.take(`user-${user}`);
      expect(byKey.size).toBeLessThanOrEqual(200);
    }
  });

  it('keeps those who come all the time, also when it is full', () => {
    const { byKey } = rates(1, 2, { mostKeys: 100 });
    byKey.take('a');
    byKey.take('a');
    for (let user = 0; user < 10_000; user++) {
      byKey.take(`user-${user}`);
      if (user % 50 === 0) expect(byKey.take('a')).toBeGreaterThan(0);
    }
  });
});
