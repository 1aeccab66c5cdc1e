import { expect, it } from 'vitest';
import { Rotation, Spread } from '../../src/util/rotation.js';

it('tries all of them at once, and pauses ever longer each time that none was any good', () => {
  const rotation = new Rotation(['a', 'b', 'c']);
  const tried = [rotation.current];
  const pauses = Array.from({ length: 9 }, () => {
    const pause = rotation.next();
    tried.push(rotation.current);
    return pause;
  });
  expect(tried.join('')).toBe('abcabcabca');
  expect(pauses.map((pause) => pause > 0)).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1].map(Boolean));
  expect([pauses[5], pauses[8]].map((pause = 0) => pause >= 100)).toEqual([true, true]);
});

it('stays with what worked; when that is lost, gives the others time to agree, and has all of them to try', () => {
  const rotation = new Rotation(['a', 'b', 'c']);
  rotation.next();
  rotation.next();
  rotation.worked();
  expect(rotation.current).toBe('c');
  const [first = 0, second, third] = [rotation.next(), rotation.next(), rotation.next()];
  expect(first >= 500 && first <= 1000).toBe(true);
  expect(second).toBe(0);
  expect(third).toBeGreaterThanOrEqual(50);
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
