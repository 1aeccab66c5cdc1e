import type { Action } from '../../relay/src/destination.js';
import { PolicyError } from '../../relay/src/policy/errors.js';
import { loadPolicy } from '../../relay/src/policy/load.js';
import { PatternError, parsePattern } from '../../relay/src/policy/pattern.js';
import { covers, overlaps } from '../../relay/src/policy/topic-match.js';
import { ACCESS_FILE } from '../access.js';
import { hostileDestination } from '../gen/destinations.js';
import { mutate } from '../gen/mutate.js';
import { hostileText } from '../gen/text.js';
import { several, weighted } from '../seeds.js';
import { must, target, unlessRefused } from './target.js';

const CLAIMS = [
  '{user}',
  '{tenant}',
  '{a.b}',
  '{https://x.y/z}',
  '{',
  '}',
  '{}',
  '{a}{b}',
  '${',
  'x{a}y',
  '{*}',
  '{__proto__}',
];

/** A pattern of an access file is refused with a reason, or says what it seems to say. */
export const patterns = target<string, Action>({
  name: 'patterns of rules',
  weight: 4,
  make: (random) => ({
    input: weighted(random, [
      [3, () => hostileDestination(random)],
      [3, () => `${hostileDestination(random)}.${random.pick(CLAIMS)}`],
      [
        2,
        () =>
          `/user/${random.pick([...CLAIMS, '*', '#', 'a%2Eb', hostileText(random, 2)])}/${random.pick(['#', 'a.#', hostileText(random, 2)])}`,
      ],
      [1, () => hostileText(random, 8)],
    ])(),
    setup: random.pick(['send', 'subscribe'] as const),
  }),
  check(text, action) {
    const pattern = unlessRefused(PatternError, () => parsePattern(text, action));
    if (!pattern) return;
    must(action === 'send' || pattern.kind !== 'user', 'no rule is about subscriptions to users');
    pattern.segments.forEach((words, i) => {
      // A user's word is percent-encoded, so that no name is a wildcard.
      const user = pattern.kind === 'user' && i === 0;
      for (const word of words) {
        const literal = typeof word === 'string' ? [word] : [word.before, word.after];
        for (const part of literal) {
          must(part === '*' || part === '#' || !/[*#./\s\p{Cc}]/u.test(part), () => `${part} is one word`);
          must(user || !part.includes('%'), 'percent escapes are for users');
        }
        must(!user || word !== '#', 'a rule is for one user or for every user');
      }
    });
    const [first, second] = [pattern.segments[0]?.[0], pattern.segments[0]?.[1]];
    const named = /queue$|exchange$/.test(pattern.kind);
    must(!named || first !== 'relay' || second === undefined, 'no rule reaches names that begin with relay.');
  },
});

/** An access file with something wrong in it is an error that names the line, whatever is wrong. */
export const accessFiles = target<Buffer, null>({
  name: 'access files',
  weight: 0.3,
  make: (random) => ({ input: mutate(random, Buffer.from(ACCESS_FILE)), setup: null }),
  check(bytes) {
    unlessRefused(PolicyError, () => loadPolicy(bytes.toString(), 'access.yaml'));
  },
});

/** Matching against the definition: words one by one, every way in which "#" can be taken. */
export const matching = target<string[], number>({
  name: 'topic patterns',
  weight: 3,
  make(random) {
    const words = () => several(random, 6, () => random.pick(['a', 'b', '*', '#']));
    const left = words();
    return { input: [...left, ...words()], setup: left.length };
  },
  check(words, split) {
    const [pattern, request] = [words.slice(0, split), words.slice(split)];
    const keys = keysOf(3);
    const matched = (list: string[]) => keys.filter((key) => matches(list, key));
    const [left, right] = [matched(pattern), matched(request)];
    if (covers(pattern, request))
      must(
        right.every((key) => left.includes(key)),
        'what is covered is matched',
      );
    if (!request.some((word) => word === '*' || word === '#')) {
      must(covers(pattern, request) === matches(pattern, request), 'for a key, covering is matching');
    }
    if (left.some((key) => right.includes(key)))
      must(overlaps(pattern, request), 'what both match is an overlap');
  },
});

function keysOf(most: number): string[][] {
  let last: string[][] = [[]];
  const all = [...last];
  for (let i = 0; i < most; i++) {
    last = last.flatMap((key) => ['a', 'b', 'c'].map((word) => [...key, word]));
    all.push(...last);
  }
  return all;
}

function matches([word, ...rest]: string[], key: string[]): boolean {
  if (word === undefined) return key.length === 0;
  if (word === '#') return matches(rest, key) || (key.length > 0 && matches([word, ...rest], key.slice(1)));
  return key.length > 0 && (word === '*' || word === key[0]) && matches(rest, key.slice(1));
}
