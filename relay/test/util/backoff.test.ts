import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Backoff } from '../../src/util/backoff.js';

it('doubles up to the ceiling, each time between half and the whole', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 500, max: 60_000 }), (first, most) => {
      const backoff = new Backoff(first, most);
      for (let attempt = 0; attempt < 40; attempt++) {
        const ceiling = Math.min(most, first * 2 ** attempt);
        const wait = backoff.next();
        expect(wait).toBeGreaterThanOrEqual(ceiling / 2);
        expect(wait).toBeLessThanOrEqual(ceiling);
      }
    }),
    { numRuns: 50 },
  );
});

it('never overflows, however often it fails', () => {
  const backoff = new Backoff(100, 3000);
  for (let attempt = 0; attempt < 2000; attempt++) expect(backoff.next()).toBeLessThanOrEqual(3000);
});

it('starts again after a success', () => {
  const backoff = new Backoff(100, 3000);
  for (let attempt = 0; attempt < 10; attempt++) backoff.next();
  backoff.reset();
  expect(backoff.next()).toBeLessThanOrEqual(100);
});
