import type { Random } from '../../torture/random.js';
import { chance, several, weighted } from '../seeds.js';

/** Pieces that mean something to STOMP, to AMQP, to a URL or to whoever compares text. */
const PIECES: readonly string[] = [
  ...['a', 'b', 'news', 'fuzz', 'topic', 'user', 'queue', 'relay', 'amq', 'alice', 'bob', 'true', 'false'],
  ...[
    '\\',
    '\\n',
    '\\r',
    '\\c',
    '\\\\',
    '\\0',
    '\\t',
    '\n',
    '\r',
    '\r\n',
    ':',
    '\0',
    '\x01',
    ' ',
    '\t',
    '\x7f',
  ],
  ...[
    '.',
    '..',
    '/',
    '//',
    '*',
    '#',
    '%',
    '%2F',
    '%2f',
    '%252F',
    '%2E',
    '%00',
    '%',
    '%zz',
    '%C0%AF',
    '?',
    '&',
    ';',
  ],
  // Look-alikes: another slash, another full stop, another asterisk, another number sign, full-width "relay".
  ...[
    '\u2215',
    '\uFF0F',
    '\u2024',
    '\uFF0E',
    '\u3002',
    '\uFF0A',
    '\u2217',
    '\uFF03',
    '\uFF52\uFF45\uFF4C\uFF41\uFF59',
  ],
  ...[
    '\u0000',
    '\u00e4',
    'a\u0308',
    '\u20ac',
    '\ud83d\ude00',
    '\ufffd',
    '\ufeff',
    '\u200b',
    '\u202e',
    '\u0130',
    '\u00df',
  ],
  ...[
    '\ud800',
    '\udc00',
    '\u0085',
    '\u2028',
    '\u00a0',
    '{',
    '}',
    '${',
    '"',
    "'",
    '<',
    '=',
    ',',
    '-',
    '_',
    '@',
    '~',
  ],
  ...[
    'relay.',
    'relay.user',
    'relay.unread',
    'amq.',
    'amq.gen-',
    'amq.topic',
    'stomp-subscription-',
    '__proto__',
  ],
  ...[
    'constructor',
    'content-length',
    'MESSAGE',
    'SEND',
    'bearer',
    'Basic',
    'guest',
    '1.2',
    '0',
    '-1',
    '007',
  ],
];

const NUMBERS: readonly string[] = [
  ...[
    '0',
    '1',
    '-1',
    '-0',
    '+1',
    ' 1',
    '1 ',
    '01',
    '1.0',
    '1e3',
    '0x10',
    '',
    'NaN',
    'Infinity',
    '٣',
    '1_000',
  ],
  ...['127', '128', '255', '256', '65535', '65536', '2147483647', '2147483648', '4294967295', '4294967296'],
  ...['9007199254740991', '9007199254740993', '18446744073709551616', '9'.repeat(40), '1,1', '0,0', '10000,'],
];

/** A short text of pieces that mean something, and of any characters at all. */
export function hostileText(random: Random, pieces = 6): string {
  return several(random, pieces, () =>
    weighted(random, [
      [8, () => random.pick(PIECES)],
      [1, () => String.fromCharCode(random.below(0x80))],
      [1, () => String.fromCharCode(random.below(0x10000))],
    ])(),
  ).join('');
}

/** As above; now and then as long as a limit, or a little more. */
export function hostileValue(random: Random): string {
  if (!chance(random, 0.02)) return hostileText(random);
  const length = random.pick([100, 200, 254, 255, 256, 511, 512, 513, 1024, 1025, 4000]);
  const unit = random.pick(['a', 'ä', '€', '😀', '.', '/', 'a.', '\\', '%2F', ' ']);
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

export function hostileNumber(random: Random): string {
  return chance(random, 0.3) ? String(random.below(200)) : random.pick(NUMBERS);
}

/** A word as an honest client writes it. */
export function plainWord(random: Random): string {
  return random.pick(['a', 'b', 'c', 'news', 'sport', 'x1']);
}
