import { expect, it } from 'vitest';
import { advise } from '../../client/advice.js';
import { closures } from '../../src/closures.js';

it('gives the advice of the relay’s table for every close code in it', () => {
  const told = Object.values(closures).map(({ code }) => [code, advise(code)]);
  expect(told).toEqual(Object.values(closures).map(({ code, advice }) => [code, advice]));
});

it.each([1005, 1006, 1012, 1013, 4001, 0])('has one come back after %d, which a network makes', (code) => {
  expect(advise(code)).toBe('retry');
});

it('has one stop after a WebSocket message that is far too large', () => {
  expect(advise(1009)).toBe('stop');
});
