import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame } from '../../src/stomp/encoder.js';
import type { HeaderList, StompVersion } from '../../src/stomp/frame.js';
import { decodeAll, type Seen } from './support.js';

type Side = 'server' | 'client';

const NEVER = /\0/g;
const UNWRITABLE: Record<StompVersion, { name: RegExp; value: RegExp }> = {
  '1.0': { name: /[\0\n\r:]/g, value: /[\0\n\r]/g },
  '1.1': { name: /[\0\r]/g, value: /[\0\r]/g },
  '1.2': { name: NEVER, value: NEVER },
};

/** Text full of what has a meaning in STOMP, and of characters of one to four octets. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 3,
    arbitrary: fc.string({
      unit: fc.constantFrom(
        '\\',
        ':',
        '\n',
        '\r',
        'c',
        'n',
        'r',
        ' ',
        '\0',
        '\x01',
        'é',
        '€',
        '😀',
        '\uFFFD',
      ),
      maxLength: 12,
    }),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 400, maxLength: 700 }) },
);

function headers(version: StompVersion, side: Side): fc.Arbitrary<HeaderList> {
  const { name, value } = UNWRITABLE[version];
  const pair = fc.tuple(text, text).map(([left, right]) => {
    const plain = right.replace(value, '');
    // The server side drops leading spaces in 1.0, as RabbitMQ does.
    return [
      left.replace(name, '') || 'name',
      version === '1.0' && side === 'server' ? plain.replace(/^ +/, '') : plain,
    ];
  });
  return fc
    .array(pair, { maxLength: 12 })
    .map((pairs) => pairs.filter(([key]) => key !== 'content-length').flat());
}

const body = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.array(fc.constantFrom(0, 10, 13, 92, 65), { maxLength: 30 }).map((bytes) => Uint8Array.from(bytes)),
);

interface Sample {
  command: string;
  headers: HeaderList;
  body: Uint8Array;
}

function sample(version: StompVersion, side: Side): fc.Arbitrary<Sample> {
  const withBody = side === 'server' ? ['SEND'] : ['MESSAGE', 'ERROR'];
  const without = side === 'server' ? ['SUBSCRIBE', 'BEGIN', 'DISCONNECT', 'ACK'] : ['RECEIPT'];
  return fc.oneof(
    fc.record({ command: fc.constantFrom(...withBody), headers: headers(version, side), body }),
    fc.record({
      command: fc.constantFrom(...without),
      headers: headers(version, side),
      body: fc.constant(new Uint8Array()),
    }),
  );
}

/** Cuts the bytes at the given places, which may lie anywhere. */
function cutAt(bytes: Buffer, places: number[]): Buffer[] {
  const cuts = [...places.map((place) => place % (bytes.length + 1)), 0, bytes.length].sort((a, b) => a - b);
  return cuts.slice(1).map((cut, i) => bytes.subarray(cuts[i] ?? 0, cut));
}

function expected({ command, headers: list, body: bytes }: Sample): Seen {
  const length = bytes.length > 0 ? ['content-length', String(bytes.length)] : [];
  return { command, headers: [...list, ...length], body: Buffer.from(bytes).toString('latin1') };
}

const eols = fc.string({ unit: fc.constantFrom('\n', '\r\n'), maxLength: 3 });
const places = fc.array(fc.nat(20_000), { maxLength: 12 });

describe.each(['1.0', '1.1', '1.2'] as const)('STOMP %s', (version) => {
  test.each(['server', 'client'] as const)(
    '%s side: what is encoded is decoded, however it is cut',
    (side) => {
      const stream = fc.array(fc.tuple(sample(version, side), eols), { minLength: 1, maxLength: 5 });
      fc.assert(
        fc.property(stream, places, (parts, cuts) => {
          const bytes = Buffer.concat(
            parts.flatMap(([frame, between]) => [
              encodeFrame(frame.command, frame.headers, Buffer.from(frame.body), version),
              Buffer.from(between),
            ]),
          );
          const frames = decodeAll(cutAt(bytes, cuts), { side, version });
          expect(frames).toEqual(parts.map(([frame]) => expected(frame)));
        }),
        { numRuns: 400 },
      );
    },
  );

  test('no header, whatever it is, breaks the framing of a frame to a client', () => {
    const anything = fc.array(fc.tuple(text, text), { maxLength: 8 });
    fc.assert(
      fc.property(anything, body, (pairs, bytes) => {
        const list = pairs.flat().map((one) => one.replace(NEVER, ''));
        const wire = encodeFrame('MESSAGE', list, Buffer.from(bytes), version);
        const frames = decodeAll([wire, wire], { side: 'client', version });
        expect(frames).toHaveLength(2);
        expect(frames[1]?.body).toBe(Buffer.from(bytes).toString('latin1'));
        const names = frames[0]?.headers.filter((_, i) => i % 2 === 0) ?? [];
        expect(names.filter((name) => name !== 'content-length' && !list.includes(name))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

test('any bytes at all end in frames or in a ProtocolError, the same however they are cut', () => {
  const token = fc.constantFrom(
    'SEND',
    'BEGIN',
    '\n',
    '\r\n',
    '\0',
    ':',
    'a',
    'content-length:',
    '3',
    '\n\n',
    '\\',
    'é',
    '\r',
    'a:b\n',
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 25 }), places, (tokens, cuts) => {
      const bytes = Buffer.from(tokens.join(''));
      const outcome = (chunks: Buffer[]) => {
        try {
          return decodeAll(chunks, { side: 'server' });
        } catch (error) {
          return error instanceof Error && 'code' in error ? error.code : 'unfinished';
        }
      };
      // The blank line and NUL end whatever is still open, so that every stream comes to a verdict.
      const whole = Buffer.concat([bytes, Buffer.from('\n\n\0\0\0\0')]);
      const once = outcome([whole]);
      const cut = outcome(cutAt(whole, cuts));
      if (Array.isArray(once)) expect(cut).toEqual(once);
      else expect(Array.isArray(cut)).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});
