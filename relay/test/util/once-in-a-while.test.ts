import { expect, it } from 'vitest';
import { OnceInAWhile } from '../../src/util/once-in-a-while.js';

it('lets a key pass once in each interval', () => {
  const seldom = new OnceInAWhile(100, 10);
  expect([0, 1, 99, 100, 150, 200].map((now) => seldom.passes('a', now))).toEqual([
    true,
    false,
    false,
    true,
    false,
    true,
  ]);
});

it('tells keys apart', () => {
  const seldom = new OnceInAWhile(100, 10);
  expect([seldom.passes('a', 0), seldom.passes('b', 0), seldom.passes('a', 50)]).toEqual([true, true, false]);
});

it('remembers no more keys than it may, and those that it has', () => {
  const seldom = new OnceInAWhile(100, 2);
  expect([seldom.passes('a', 0), seldom.passes('b', 10), seldom.passes('c', 20)]).toEqual([
    true,
    true,
    false,
  ]);
  expect([seldom.passes('c', 100), seldom.passes('b', 100), seldom.passes('d', 100)]).toEqual([
    true,
    false,
    false,
  ]);
});
