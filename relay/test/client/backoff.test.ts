import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff, retryAfter } from '../../client/backoff.js';

describe('backoff', () => {
  it('doubles its bound up to half a minute', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 100].map((attempt) => backoff(attempt, () => 1));
    expect(bounds).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('uses all of the range, so that clients do not come back in step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, share) => {
          expect(backoff(attempt, () => share)).toBeCloseTo(share * backoff(attempt, () => 1));
        },
      ),
    );
  });
});

describe('retryAfter', () => {
  it.each([
    ['3', 3000],
    ['0.5', 500],
    [undefined, 0],
    [null, 0],
    ['', 0],
    ['-1', 0],
    ['soon', 0],
    ['Infinity', 0],
    ['99999999', 600_000],
  ])('of %s is %d milliseconds', (header, expected) => {
    expect(retryAfter(header)).toBe(expected);
  });
});
