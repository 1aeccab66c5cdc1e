export const OPCODE = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export type OnFrame = (opcode: number, buffer: Buffer, start: number, end: number) => void;

/**
 * Cuts a byte stream of a server into WebSocket frames (RFC 6455, 5.2) without decoding or copying them;
 * only a frame that is split over two reads is put together in a buffer of its own. This is what makes one
 * generator process able to count a million messages a second.
 */
export class FrameReader {
  private carried: Buffer | undefined;

  constructor(private readonly onFrame: OnFrame) {}

  /** `buffer` is only read during the call. @throws Error on what no server of this benchmark sends. */
  push(buffer: Buffer, from: number, length: number): void {
    let at = from;
    while (this.carried) {
      const missing = missingBytes(this.carried, 0, this.carried.length);
      const take = Math.min(missing, length - at);
      if (take <= 0) return;
      const joined = Buffer.concat([this.carried, buffer.subarray(at, at + take)]);
      at += take;
      this.carried = joined;
      // A header that was cut short is complete now and tells how much of the payload is still to come.
      if (take < missing || missingBytes(joined, 0, joined.length) > 0) continue;
      this.carried = undefined;
      this.read(joined, 0);
    }
    while (at < length) {
      if (missingBytes(buffer, at, length) > 0) {
        this.carried = Buffer.from(buffer.subarray(at, length));
        return;
      }
      at = this.read(buffer, at);
    }
  }

  private read(buffer: Buffer, at: number): number {
    const first = buffer[at] ?? 0;
    if ((first & 0xf0) !== 0x80)
      throw new Error('the server sent a fragmented or compressed WebSocket frame');
    const start = at + headerBytes(buffer, at);
    const end = start + payloadBytes(buffer, at);
    this.onFrame(first & 0x0f, buffer, start, end);
    return end;
  }
}

function headerBytes(buffer: Buffer, at: number): number {
  const size = (buffer[at + 1] ?? 0) & 0x7f;
  return size < 126 ? 2 : size === 126 ? 4 : 10;
}

function payloadBytes(buffer: Buffer, at: number): number {
  const size = (buffer[at + 1] ?? 0) & 0x7f;
  if (size < 126) return size;
  return size === 126 ? buffer.readUInt16BE(at + 2) : Number(buffer.readBigUInt64BE(at + 2));
}

/** How many bytes the frame at `at` lacks; while its header is incomplete, how many the header lacks. */
function missingBytes(buffer: Buffer, at: number, end: number): number {
  const have = end - at;
  if (have < 2) return 2 - have;
  const header = headerBytes(buffer, at);
  if (have < header) return header - have;
  return Math.max(0, header + payloadBytes(buffer, at) - have);
}

let maskSeed = 0x5bd1e995;

/** One masked frame from a client (RFC 6455, 5.3). Writes of a benchmark are short: up to 65,535 bytes. */
export function clientFrame(opcode: number, payload: Buffer): Buffer {
  const header = payload.length < 126 ? 2 : 4;
  const frame = Buffer.allocUnsafe(header + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  if (header === 2) frame[1] = 0x80 | payload.length;
  else {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(payload.length, 2);
  }
  maskSeed = (Math.imul(maskSeed, 1664525) + 1013904223) >>> 0;
  frame.writeUInt32BE(maskSeed, header);
  for (let index = 0; index < payload.length; index++) {
    frame[header + 4 + index] = (payload[index] ?? 0) ^ (frame[header + (index & 3)] ?? 0);
  }
  return frame;
}
