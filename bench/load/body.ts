import { microseconds } from './clock.js';

const STAMP_DIGITS = 16;
const SEQUENCE_DIGITS = 10;
const filler = Buffer.alloc(1 << 16, 'the quick brown fox jumps over the lazy dog. ');

/** Smallest body that holds the time, the number and their separators. */
export const MIN_BODY_BYTES = STAMP_DIGITS + SEQUENCE_DIGITS + 2;

/** A body of `bytes` bytes: the time in microseconds, the number of the message in its run, and filler. */
export function makeBody(bytes: number, sequence: number): Buffer {
  const body = Buffer.allocUnsafe(bytes);
  filler.copy(body, 0, 0, bytes);
  const stamp = Math.floor(microseconds()).toString().padStart(STAMP_DIGITS, '0');
  body.write(`${stamp} ${sequence.toString().padStart(SEQUENCE_DIGITS, '0')} `, 0, 'latin1');
  return body;
}

/** Reads back what `makeBody` wrote at `start`. */
export function readStamp(buffer: Buffer, start: number): number {
  return Number(buffer.toString('latin1', start, start + STAMP_DIGITS));
}

export function readSequence(buffer: Buffer, start: number): number {
  const from = start + STAMP_DIGITS + 1;
  return Number(buffer.toString('latin1', from, from + SEQUENCE_DIGITS));
}

/** True when the filler of a body of `bytes` bytes at `start` is whole. */
export function isIntact(buffer: Buffer, start: number, bytes: number): boolean {
  return (
    buffer.compare(filler, MIN_BODY_BYTES, bytes, start + MIN_BODY_BYTES, start + bytes) === 0 &&
    buffer[start + bytes] === 0
  );
}
