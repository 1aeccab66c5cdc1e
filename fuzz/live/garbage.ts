import type { Random } from '../../torture/random.js';

/** Parts of a WebSocket frame, any of which may be wrong (RFC 6455, 5.2). */
interface FrameParts {
  fin?: boolean;
  /** RSV1 to RSV3 as bits of 0x70. */
  reserved?: number;
  opcode: number;
  masked?: boolean;
  /** What the header says; the payload's own length when left out. */
  length?: bigint;
  payload: Buffer;
}

/** One frame as a client writes it. `mask` is the masking key. */
export function clientFrame(
  { fin = true, reserved = 0, opcode, masked = true, length, payload }: FrameParts,
  mask: number,
): Buffer {
  const said = length ?? BigInt(payload.length);
  const short = said < 126n ? Number(said) : said < 65_536n ? 126 : 127;
  const extended = Buffer.alloc(short < 126 ? 0 : short === 126 ? 2 : 8);
  if (short === 126) extended.writeUInt16BE(Number(said));
  if (short === 127) extended.writeBigUInt64BE(said);
  const key = Buffer.alloc(masked ? 4 : 0);
  if (masked) key.writeUInt32BE(mask >>> 0);
  const data = Buffer.from(payload);
  if (masked) for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) ^ (key[i & 3] ?? 0);
  const head = Buffer.from([(fin ? 0x80 : 0) | reserved | opcode, (masked ? 0x80 : 0) | short]);
  return Buffer.concat([head, extended, key, data]);
}

/** Bytes that no WebSocket client may send. */
export function websocketGarbage(random: Random): Buffer {
  const payload = Buffer.from('SEND\ndestination:/topic/fuzz.secret\n\nx\0');
  const mask = random.below(2 ** 31);
  const frame = (parts: FrameParts) => clientFrame(parts, mask);
  return random.pick([
    () => frame({ opcode: 1, masked: false, payload }),
    () => frame({ opcode: random.pick([3, 4, 5, 6, 7, 11, 15]), payload }),
    () => frame({ opcode: 2, reserved: random.pick([0x10, 0x20, 0x40, 0x70]), payload }),
    () => frame({ opcode: 0, payload }),
    () => frame({ opcode: 9, fin: false, payload }),
    () => frame({ opcode: 9, payload: Buffer.alloc(126) }),
    () => frame({ opcode: 8, payload: Buffer.from([random.below(256)]) }),
    () => frame({ opcode: 8, payload: Buffer.from([random.below(256), random.below(256), 0xff, 0xfe]) }),
    () => frame({ opcode: 2, length: 2n ** 63n, payload }),
    () => frame({ opcode: 2, length: 2n ** 53n + 1n, payload }),
    () => frame({ opcode: 2, length: 100_000_000n, payload }),
    () => frame({ opcode: 1, payload: Buffer.from([0xff, 0xfe, 0x00]) }),
    () => Buffer.concat([frame({ opcode: 1, fin: false, payload }), frame({ opcode: 1, payload })]),
    () =>
      Buffer.concat([
        frame({ opcode: 1, fin: false, payload }),
        ...Array<Buffer>(200).fill(frame({ opcode: 0, fin: false, payload: Buffer.alloc(0) })),
      ]),
    () => Buffer.concat(Array<Buffer>(300).fill(frame({ opcode: 9, payload: Buffer.from('x') }))),
    () =>
      Buffer.concat(
        Array<Buffer>(300).fill(frame({ opcode: 10, payload: Buffer.from(String(random.below(5))) })),
      ),
    () => Buffer.from(Array.from({ length: 1 + random.below(300) }, () => random.below(256))),
    () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  ])();
}
