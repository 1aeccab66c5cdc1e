/**
 * Containment and overlap of AMQP topic patterns, word lists in which `*` is one word and `#` is zero or more
 * (AMQP 0-9-1, 3.1.3.3 "The Topic Exchange Type"). No literal word may contain `*` or `#`.
 */

/**
 * Whether every key that `request` matches is matched by `pattern`. A request without wildcards is a key, so this
 * is also plain matching. Sound, not complete: a `*` in the request is covered by `*` or `#` and a `#` by `#` only, so
 * that `#.*` is not seen to cover `*.#`; what it refuses in error can be written the other way round.
 * Time is at most the product of the lengths, whatever a client sends.
 */
export function covers(pattern: readonly string[], request: readonly string[]): boolean {
  let p = 0;
  let r = 0;
  // Where to come back to: after the last `#`, which then swallows one word more.
  let afterHash = -1;
  let swallowed = 0;
  while (r < request.length) {
    const have = pattern[p];
    if (have === '#') {
      afterHash = ++p;
      swallowed = r;
    } else if (have !== undefined && coversWord(have, request[r])) {
      p++;
      r++;
    } else if (afterHash >= 0) {
      p = afterHash;
      r = ++swallowed;
    } else {
      return false;
    }
  }
  while (pattern[p] === '#') p++;
  return p === pattern.length;
}

function coversWord(have: string, asked: string | undefined): boolean {
  return have === asked || (have === '*' && asked !== '#');
}

/** Whether some key is matched by both patterns. */
export function overlaps(a: readonly string[], b: readonly string[]): boolean {
  // row[j]: the words of `a` read so far and the first j words of `b` have a key in common.
  let row = [true];
  for (let j = 0; j < b.length; j++) row.push(row[j] === true && b[j] === '#');
  for (const word of a) {
    const next = [row[0] === true && word === '#'];
    for (let j = 0; j < b.length; j++) {
      const other = b[j];
      const oneEach = row[j] === true && (word === other || isWild(word) || isWild(other));
      const hashTakes = word === '#' && next[j] === true;
      const otherHashTakes = other === '#' && row[j + 1] === true;
      const emptyHash = (word === '#' && row[j + 1] === true) || (other === '#' && next[j] === true);
      next.push(oneEach || hashTakes || otherHashTakes || emptyHash);
    }
    row = next;
  }
  return row[b.length] === true;
}

/** Whether each list of words passes the test (`covers`, `overlaps`) against the one at the same place. */
export function everySegment(
  test: typeof covers,
  pattern: readonly (readonly string[])[],
  request: readonly (readonly string[])[],
): boolean {
  return pattern.every((words, i) => test(words, request[i] ?? []));
}

function isWild(word: string | undefined): boolean {
  return word === '*' || word === '#';
}
