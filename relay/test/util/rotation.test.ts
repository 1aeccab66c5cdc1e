import { expect, it } from 'vitest';
import { Rotation, Spread } from '../../src/util/rotation.js';

it('moves on nearly at once, and pauses ever longer each time that all have been tried', () => {
  const rotation = new Rotation(['a', 'b', 'c']);
  const tried = [rotation.current];
  const pauses = Array.from({ length: 9 }, () => {
    const pause = rotation.next();
    tried.push(rotation.current);
    return pause;
  });
  expect(tried.join('')).toBe('abcabcabca');
  expect(pauses.map((pause) => pause >= 50)).toEqual([
    false,
    false,
    true,
    false,
    false,
    true,
    false,
    false,
    true,
  ]);
  expect([pauses[5], pauses[8]].map((pause = 0) => pause >= 100)).toEqual([true, true]);
});

it('stays with what worked, and has all the others to try when that is lost', () => {
  const rotation = new Rotation(['a', 'b', 'c']);
  rotation.next();
  rotation.next();
  rotation.worked();
  expect(rotation.current).toBe('c');
  expect([rotation.next(), rotation.next()].every((pause) => pause < 50)).toBe(true);
  expect(rotation.next()).toBeGreaterThanOrEqual(50);
});

it('pauses before the same one again when there is no other', () => {
  const rotation = new Rotation('a');
  expect([rotation.next() >= 50, rotation.next() >= 100, rotation.current]).toEqual([true, true, 'a']);
});

it('is refused only when all are, and none of them has let anybody in since', () => {
  const rotation = new Rotation(['a', 'b']);
  rotation.refuse(true);
  expect(rotation.refused).toBe(false);
  rotation.next();
  rotation.refuse(true);
  expect(rotation.refused).toBe(true);
  rotation.refuse(false);
  expect(rotation.refused).toBe(false);
});

it('gives each user another one to begin with', () => {
  const spread = new Spread(['a', 'b', 'c'], () => 0.5);
  expect([1, 2, 3, 4].map(() => spread.order().join(''))).toEqual(['bca', 'cab', 'abc', 'bca']);
});
