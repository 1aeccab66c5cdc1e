import { Random } from '../torture/random.js';

/** The parts of a run; each draws from numbers of its own, so that one part alone is repeated as it was. */
const PARTS = { codec: 1, live: 2, check: 3 } as const;
export type Part = keyof typeof PARTS;

/** The random numbers of one case: they depend on nothing but these three, so any case can be made alone. */
export function caseRandom(seed: number, part: Part, index: number): Random {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index, 0xc2b2ae35) + PARTS[part];
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return new Random(mixed ^ (mixed >>> 15));
}

/** True with this probability. */
export function chance(random: Random, probability: number): boolean {
  return random.next() < probability;
}

/** One of several, by weight. */
export function weighted<T>(random: Random, choices: readonly (readonly [number, T])[]): T {
  let at = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    at -= weight;
    if (at < 0) return choice;
  }
  return (choices.at(-1) as readonly [number, T])[1];
}

/** Up to `most` of what `make` gives. */
export function several<T>(random: Random, most: number, make: () => T): T[] {
  return Array.from({ length: random.below(most + 1) }, make);
}
