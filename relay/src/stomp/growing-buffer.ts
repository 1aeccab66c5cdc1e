import { EMPTY_BODY } from './frame.js';

/** The smallest piece of memory taken for an unfinished frame, in octets. */
const FIRST_CAPACITY = 256;

/**
 * Bytes that arrive in pieces. It doubles when it is full, so that a client that drips single bytes
 * costs linear, not quadratic, copying, and one that only announces a large frame costs nothing.
 */
export class GrowingBuffer {
  #bytes: Buffer = EMPTY_BODY;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The last byte, or -1 when there is none. */
  get last(): number {
    return this.#length === 0 ? -1 : (this.#bytes[this.#length - 1] ?? -1);
  }

  /**
   * Copies `chunk[from, to)` to the end.
   * @param most how long this buffer can become at the very most: it never takes more memory than that.
   */
  append(chunk: Buffer, from: number, to: number, most: number): void {
    const needed = this.#length + to - from;
    if (needed > this.#bytes.length) {
      const capacity = Math.min(
        Math.max(needed, 2 * this.#bytes.length, FIRST_CAPACITY),
        Math.max(needed, most),
      );
      const larger = Buffer.allocUnsafe(capacity);
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    chunk.copy(this.#bytes, this.#length, from, to);
    this.#length = needed;
  }

  /** Hands over what was collected, without a copy, and starts again from nothing. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = EMPTY_BODY;
    this.#length = 0;
    return taken;
  }
}
