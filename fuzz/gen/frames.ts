import type { Random } from '../../torture/random.js';
import { CLIENT_COMMANDS } from '../codec/reference.js';
import { chance, several, weighted } from '../seeds.js';
import { hostileDestination } from './destinations.js';
import { hostileNumber, hostileText, hostileValue, plainWord } from './text.js';

const NO_COMMANDS: readonly string[] = [
  '',
  'send',
  'SENDX',
  'SEN',
  ' SEND',
  'SEND ',
  'GET / HTTP/1.1',
  'toString',
  '\ufeffSEND',
];

/** Every header that the relay or RabbitMQ's STOMP plugin gives a meaning to. */
export const HEADER_NAMES: readonly string[] = [
  ...[
    'destination',
    'id',
    'receipt',
    'transaction',
    'ack',
    'message-id',
    'content-type',
    'reply-to',
    'subscription',
  ],
  ...[
    'accept-version',
    'host',
    'login',
    'passcode',
    'heart-beat',
    'Authorization',
    'X-Authorization',
    'X-Auth-Token',
  ],
  ...[
    'persistent',
    'expiration',
    'priority',
    'timestamp',
    'correlation-id',
    'amqp-message-id',
    'type',
    'app-id',
  ],
  ...[
    'user-id',
    'relay-user',
    'cluster-id',
    'CC',
    'BCC',
    'x-death',
    'x-match',
    'x-delay',
    'selector',
    'unread',
  ],
  ...['durable', 'auto-delete', 'exclusive', 'x-queue-name', 'x-queue-type', 'x-expires', 'x-message-ttl'],
  ...[
    'x-dead-letter-exchange',
    'x-dead-letter-routing-key',
    'x-max-length',
    'x-stream-offset',
    'prefetch-count',
  ],
  ...[
    'requeue',
    'redelivered',
    'session',
    'server',
    'version',
    'content-encoding',
    'receipt-id',
    'relay-unread',
    'code',
  ],
];

export interface FrameStyle {
  commands?: readonly string[];
  /** Whether special characters in headers are escaped, as STOMP 1.1 and 1.2 ask. */
  escape?: boolean;
}

/** One frame by the grammar of STOMP, most of the time; with what must not be there now and then. */
export function grammarFrame(
  random: Random,
  { commands = CLIENT_COMMANDS, escape: asked }: FrameStyle = {},
): Buffer {
  const eol = weighted(random, [
    [12, '\n'],
    [4, '\r\n'],
    [0.2, '\r'],
    [0.1, '\n\r'],
    [0.1, '\r\r\n'],
  ] as const);
  const escapes = asked ?? chance(random, 0.8);
  const command = chance(random, 0.96) ? random.pick(commands) : random.pick(NO_COMMANDS);
  const carries = command === 'SEND' || command === 'MESSAGE' || command === 'ERROR';
  const body = carries
    ? chance(random, 0.7)
      ? frameBody(random)
      : NOTHING
    : chance(random, 0.02)
      ? frameBody(random)
      : NOTHING;
  const lines = several(random, chance(random, 0.02) ? 140 : 6, () => headerLine(random, escapes));
  if (body.length > 0 || chance(random, 0.1)) lines.push(...lengthLines(random, body.length));
  if (chance(random, 0.01))
    lines.push(random.pick(['no colon', ':no name', ' ', '\t:x', 'a\0b:c', 'a:b\rc']));
  const head = [command, ...random.shuffled(lines), ''].map((line) => line + eol).join('');
  const end = weighted(random, [
    [40, '\0'],
    [1, ''],
    [1, '\0\0'],
    [1, '\n'],
  ] as const);
  return Buffer.concat([Buffer.from(head), body, Buffer.from(end + '\n'.repeat(random.below(3)))]);
}

const NOTHING = Buffer.alloc(0);

export function frameBody(random: Random): Buffer {
  return weighted(random, [
    [4, () => Buffer.from(hostileText(random))],
    [2, () => Buffer.from(`{"n":${random.below(100)}}`)],
    [2, () => Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)))],
    // A frame within a frame: what content-length covers must never be read as one.
    [1, () => Buffer.from('\0SEND\ndestination:/exchange/relay.user/bob.x\n\nhidden\0')],
    [0.1, () => Buffer.alloc(random.pick([255, 256, 4096, 65_536]), 0x41)],
  ])();
}

function headerLine(random: Random, escapes: boolean): string {
  const name = chance(random, 0.85) ? random.pick(HEADER_NAMES) : hostileText(random, 2) || 'x';
  const value = weighted(random, [
    [3, () => plainWord(random)],
    [2, () => hostileValue(random)],
    [1, () => hostileNumber(random)],
    [name === 'destination' ? 8 : 0.5, () => hostileDestination(random)],
    [
      1,
      () => random.pick(['true', 'false', 'auto', 'client', 'client-individual', '1.2', '1.0,1.1', 'replay']),
    ],
  ])();
  const colon = chance(random, 0.05) ? ': ' : ':';
  return escapes ? escaped(name) + colon + escaped(value) : name + colon + value;
}

/** `content-length` as it should be, most of the time. */
function lengthLines(random: Random, length: number): string[] {
  const right = `content-length:${length}`;
  return weighted(random, [
    [10, () => [right]],
    [4, () => []],
    [1, () => [right, right]],
    [1, () => [right, `content-length:${length + random.pick([-1, 1])}`]],
    [1, () => [`content-length:${Math.max(0, length + random.pick([-2, -1, 1, 2, 100]))}`]],
    [1, () => [`content-length:${hostileNumber(random)}`]],
    [0.5, () => [`Content-Length:${length + 3}`, right]],
  ])();
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\r', '\\r')
    .replaceAll('\n', '\\n')
    .replaceAll(':', '\\c')
    .replaceAll('\0', '');
}
