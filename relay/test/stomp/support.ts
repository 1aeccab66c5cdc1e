import { expect } from 'vitest';
import { ProtocolError } from '../../src/errors.js';
import { type DecoderOptions, FrameDecoder } from '../../src/stomp/decoder.js';
import type { Frame, HeaderList } from '../../src/stomp/frame.js';

/** A frame in a form that `toEqual` compares and prints well. */
export interface Seen {
  command: string;
  headers: HeaderList;
  body: string;
}

export function seen(frame: Frame): Seen {
  return { command: frame.command, headers: frame.headers, body: frame.body.toString('latin1') };
}

/** All frames of the chunks. A chunk is overwritten once it was pushed: nothing decoded may still need it. */
export function decodeAll(chunks: Iterable<Buffer>, options: DecoderOptions): Seen[] {
  const frames: Seen[] = [];
  const decoder = new FrameDecoder({ onFrame: (frame) => frames.push(seen(frame)) }, options);
  for (const chunk of chunks) {
    const copy = Buffer.from(chunk);
    decoder.push(copy);
    copy.fill(0xff);
  }
  expect(decoder.idle).toBe(true);
  return frames;
}

/** The ProtocolError that these bytes end in, or undefined when they are accepted. */
export function faultOf(chunks: Iterable<Buffer>, options: DecoderOptions): ProtocolError | undefined {
  const decoder = new FrameDecoder({ onFrame: () => undefined }, options);
  try {
    for (const chunk of chunks) decoder.push(chunk);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** The bytes cut into pieces of the given size. */
export function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
}

/**
 * Expects the same fault whether the bytes come at once or one by one.
 * @param code what the ProtocolError must say.
 */
export function expectFault(
  text: string | Buffer,
  code: string,
  options: DecoderOptions = { side: 'server' },
): void {
  const bytes = Buffer.from(text);
  expect(faultOf([bytes], options)?.code).toBe(code);
  expect(faultOf(pieces(bytes, 1), options)?.code).toBe(code);
}
