import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, overlaps } from '../../src/policy/topic-match.js';

function words(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

/** AMQP's own definition, as plainly as it can be written. */
function matchesKey(pattern: readonly string[], key: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return key.length === 0;
  if (first === '#') return matchesKey(rest, key) || (key.length > 0 && matchesKey(pattern, key.slice(1)));
  return key.length > 0 && (first === '*' || first === key[0]) && matchesKey(rest, key.slice(1));
}

const pattern = fc.array(fc.constantFrom('a', 'b', '*', '#'), { maxLength: 5 });
const key = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });

/** Every key of up to seven words over three letters: enough to tell apart any two patterns of up to five words. */
const allKeys: string[][] = [[]];
for (let from = 0; (allKeys[from]?.length ?? 7) < 7; from++) {
  for (const letter of ['a', 'b', 'c']) allKeys.push([...(allKeys[from] ?? []), letter]);
}

describe('covers', () => {
  it.each([
    ['public.#', 'public', true],
    ['public.#', 'public.a.b', true],
    ['public.#', 'publicity', false],
    ['public.#', 'public.#', true],
    ['public.#', 'public.*', true],
    ['public.#', '#', false],
    ['public.#', '*.a', false],
    ['public.*', 'public.#', false],
    ['public.*', 'public.*', true],
    ['public.*', 'public', false],
    ['*', '*', true],
    ['*', '#', false],
    ['a', '*', false],
    ['#', '#', true],
    ['#', '', true],
    ['', '', true],
    ['*', '', false],
    ['#.b', 'a.b.b', true],
    ['#.b.#.c', 'b.x.b.c', true],
    ['#.b.#.c', 'b.x.b.c.d', false],
    ['A', 'a', false],
  ])('%j over %j: %s', (have, asked, expected) => {
    expect(covers(words(have), words(asked))).toBe(expected);
  });

  it('never lets through a request that matches a key outside the pattern', () => {
    let covered = 0;
    fc.assert(
      fc.property(pattern, pattern, (have, asked) => {
        if (!covers(have, asked)) return;
        covered++;
        for (const one of allKeys)
          if (matchesKey(asked, one) && !matchesKey(have, one)) expect.fail(`${have} over ${asked}: ${one}`);
      }),
      { numRuns: 1500 },
    );
    expect(covered).toBeGreaterThan(50);
  });

  it('is exactly matching when the request is a key', () => {
    fc.assert(
      fc.property(pattern, key, (have, asked) => covers(have, asked) === matchesKey(have, asked)),
      { numRuns: 5000 },
    );
  });

  it('lets everybody ask for what the pattern itself says', () => {
    fc.assert(fc.property(pattern, (have) => covers(have, have)));
  });

  it('is not made slow by a hostile request', () => {
    // With exponential backtracking this would never end.
    const have = [...Array.from({ length: 60 }, () => ['#', 'a']).flat(), 'z'];
    expect(
      covers(
        have,
        Array.from({ length: 500 }, () => 'a'),
      ),
    ).toBe(false);
  });
});

describe('overlaps', () => {
  it.each([
    ['audit.#', '#', true],
    ['audit.#', '*', true],
    ['audit.#', '*.x', true],
    ['audit.#', 'a.#', false],
    ['audit.secret', 'audit.*', true],
    ['a.*.c', '*.b.#', true],
    ['a.*', 'a', false],
    ['', '#', true],
    ['', '*', false],
  ])('%j and %j: %s', (a, b, expected) => {
    expect(overlaps(words(a), words(b))).toBe(expected);
    expect(overlaps(words(b), words(a))).toBe(expected);
  });

  it('is true exactly when some key is matched by both', () => {
    const short = fc.array(fc.constantFrom('a', 'b', '*', '#'), { maxLength: 3 });
    fc.assert(
      fc.property(
        short,
        short,
        (a, b) => overlaps(a, b) === allKeys.some((one) => matchesKey(a, one) && matchesKey(b, one)),
      ),
      { numRuns: 1500 },
    );
  });
});
