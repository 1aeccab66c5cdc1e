import type { Input } from './target.js';

/** Looks at a list that is given out for each attempt at most; what is left then is small enough to read. */
const MOST_ATTEMPTS = 3000;

/**
 * A smaller input that still fails: pieces are taken out, large ones first, as long as it does (delta debugging,
 * Zeller and Hildebrandt, 2002, without its complements).
 * @param fails whether an input still shows the same failure
 */
export function minimise<I extends Input>(input: I, fails: (input: I) => boolean): I {
  const budget = { left: MOST_ATTEMPTS };
  if (Buffer.isBuffer(input)) {
    const bytes = shrink([...(input as Buffer)], (list) => fails(Buffer.from(list) as Input as I), budget);
    return Buffer.from(bytes) as Input as I;
  }
  if (typeof input === 'string') {
    return shrink(input.split(''), (list) => fails(list.join('') as I), budget).join('') as I;
  }
  // Headers come in pairs, which must stay together; then each text on its own.
  const pairs: string[][] = [];
  for (let i = 0; i < input.length; i += 2) pairs.push(input.slice(i, i + 2));
  const list = shrink(pairs, (some) => fails(some.flat() as I), budget).flat();
  list.forEach((text, i) => {
    const shorter = (some: string[]) => fails(list.with(i, some.join('')) as I);
    list[i] = shrink(text.split(''), shorter, budget).join('');
  });
  return list as I;
}

function shrink<T>(items: T[], fails: (items: T[]) => boolean, budget: { left: number }): T[] {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1 && kept.length > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < kept.length && budget.left-- > 0; ) {
      const without = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (fails(without)) kept = without;
      else at += size;
    }
  }
  return kept;
}
