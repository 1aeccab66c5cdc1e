import type { Random } from '../../torture/random.js';
import { hostileNumber } from './text.js';

/** Bytes at which parsers change their mind. */
const TURNING: readonly number[] = [
  0, 1, 9, 10, 13, 32, 0x2e, 0x2f, 0x3a, 0x5c, 0x7f, 0x80, 0xbf, 0xc0, 0xe2, 0xf4, 0xff,
];

/** The bytes with one to four things done to them: flipped, overwritten, cut out, doubled, moved, cut off. */
export function mutate(random: Random, bytes: Buffer): Buffer {
  let result: Buffer = Buffer.from(bytes);
  for (let i = 1 + random.below(4); i > 0; i--) result = mutateOnce(random, result);
  return result;
}

function mutateOnce(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return Buffer.from([random.below(256)]);
  const at = random.below(bytes.length);
  const to = Math.min(bytes.length, at + 1 + random.below(random.pick([2, 8, 64])));
  const [before, range, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)];
  switch (random.below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick(TURNING);
      return bytes;
    case 2:
      return Buffer.concat([before, after]);
    case 3:
      return Buffer.concat([before, range, range, after]);
    case 4:
      return Buffer.concat([before, Buffer.from([random.pick(TURNING)]), range, after]);
    case 5: {
      const place = random.below(after.length + 1);
      return Buffer.concat([before, after.subarray(0, place), range, after.subarray(place)]);
    }
    case 6:
      return otherNumber(random, bytes);
    default:
      return Buffer.concat([before, range]);
  }
}

/** Puts another number in the place of one that stands there. */
function otherNumber(random: Random, bytes: Buffer): Buffer {
  const found = [...bytes.toString('latin1').matchAll(/\d+/g)];
  if (found.length === 0) return bytes;
  const { index, 0: digits } = random.pick(found);
  return Buffer.concat([
    bytes.subarray(0, index),
    Buffer.from(hostileNumber(random)),
    bytes.subarray(index + digits.length),
  ]);
}
