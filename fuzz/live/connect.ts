import type { Random } from '../../torture/random.js';
import { hostileText } from '../gen/text.js';
import { chance, weighted } from '../seeds.js';

export type Version = '1.0' | '1.1' | '1.2';

/** One frame, written as the version asks unless `raw`. */
export function write(
  command: string,
  headers: readonly (readonly [string, string])[],
  body: Buffer | string,
  version: Version,
): Buffer {
  const plain = version === '1.0' || command === 'CONNECT' || command === 'STOMP';
  const encode = (text: string) =>
    plain
      ? text.replace(/[\n\r\0]/g, '')
      : text
          .replaceAll('\\', '\\\\')
          .replaceAll('\n', '\\n')
          .replaceAll(':', '\\c')
          .replaceAll('\r', version === '1.1' ? '' : '\\r')
          .replaceAll('\0', '');
  const lines = headers.map(([name, value]) => `${encode(name)}:${encode(value)}\n`);
  return Buffer.concat([
    Buffer.from(`${command}\n${lines.join('')}\n`),
    Buffer.from(body),
    Buffer.from('\0'),
  ]);
}

/** CONNECT as old and new clients write it. `{{token}}` is put in where the token comes with the frame. */
export function connectFrame(random: Random, version: Version, withToken: boolean): Buffer {
  const headers: [string, string][] = [
    ['host', random.pick(['/', 'localhost', 'relay.user', hostileText(random, 1)])],
  ];
  if (version !== '1.0')
    headers.push([
      'accept-version',
      version === '1.2' ? random.pick(['1.2', '1.0,1.1,1.2', '1.2,9.9']) : version,
    ]);
  if (chance(random, 0.5)) headers.push(['login', 'guest'], ['passcode', 'guest']);
  if (chance(random, 0.5)) {
    headers.push([
      'heart-beat',
      weighted(random, [
        [5, '0,0'],
        [2, '10000,10000'],
        [1, '0,30000'],
        [0.1, '-1,0'],
      ] as const),
    ]);
  }
  if (chance(random, 0.1)) headers.push(['relay-user', 'admin'], ['user-id', 'relay'], ['session', 'x']);
  if (withToken)
    headers.push([
      random.pick(['Authorization', 'X-Auth-Token', 'authorization']),
      `${random.pick(['Bearer ', ''])}{{token}}`,
    ]);
  return write(
    random.pick(version === '1.2' ? ['CONNECT', 'STOMP'] : ['CONNECT']),
    random.shuffled(headers),
    '',
    version,
  );
}

/** Requests that are no handshake, or a bad one. */
export const HOSTILE_UPGRADES: readonly string[] = [
  'GET //[ HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n',
  'GET /ws?access_token=%ff%00&token=%zz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  'POST /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello',
  'GET /ws HTTP/1.0\r\n\r\n',
  'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  `GET /ws HTTP/1.1\r\nHost: x\r\nCookie: ${'relay_token=x;'.repeat(2000)}\r\n\r\n`,
  'GET /ws HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n',
  'SEND\ndestination:/topic/fuzz.a\n\nno HTTP at all\0',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
];
