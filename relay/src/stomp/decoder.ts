import { LONGEST_COMMAND } from './commands.js';
import {
  badCommand,
  bodyNotAllowed,
  frameTooLarge,
  headerTooLong,
  missingNul,
  nulInHead,
  tooManyHeaders,
} from './faults.js';
import { EMPTY_BODY, type Frame, type StompVersion } from './frame.js';
import { GrowingBuffer } from './growing-buffer.js';
import { type Head, HeadReader } from './head-reader.js';
import { type DecoderLimits, resolveLimits } from './limits.js';

export type { DecoderLimits } from './limits.js';

const NUL = 0x00;
const LF = 0x0a;
const CR = 0x0d;

export interface DecoderHandlers {
  /**
   * One whole frame. Its body is a view on the chunk when the frame came in one piece. What this throws
   * comes out of `push`, and the decoder is stopped.
   */
  onFrame(frame: Frame): void;
  /** End-of-line bytes between frames: once for every run of them in a chunk. */
  onHeartbeat?(): void;
}

export interface DecoderOptions {
  /** 'server' decodes what clients send, 'client' what a broker sends. */
  side: 'server' | 'client';
  /** Defaults: SERVER_SIDE_LIMITS or CLIENT_SIDE_LIMITS. */
  limits?: Partial<DecoderLimits>;
  /** Default 1.2. */
  version?: StompVersion;
}

/**
 * Turns a stream of bytes, cut anywhere, into frames (STOMP 1.0, 1.1 and 1.2).
 *
 * A frame that lies whole in a chunk is read in place. The bytes of any other are collected, each copied
 * a constant number of times, and never more memory is taken than twice what arrived.
 */
export class FrameDecoder {
  /** The rules for the next frame. CONNECT, STOMP and CONNECTED are read alike in all versions. */
  version: StompVersion;

  readonly #handlers: DecoderHandlers;
  readonly #limits: DecoderLimits;
  readonly #reader: HeadReader;
  readonly #strict: boolean;
  #stopped = false;

  /** A CR between frames at the end of the last chunk: LF must follow. */
  #afterCr = false;
  /** Bytes of the unfinished head, then of the unfinished body. */
  readonly #partial = new GrowingBuffer();
  /** In an unfinished head: octets of the unfinished line, and lines that are complete. */
  #lineBytes = 0;
  #lines = 0;
  /** The head of the unfinished body. */
  #head: Head | undefined;

  constructor(handlers: DecoderHandlers, options: DecoderOptions) {
    this.#handlers = handlers;
    this.#limits = resolveLimits(options.side, options.limits);
    this.#reader = new HeadReader(options.side, this.#limits);
    this.#strict = options.side === 'server';
    this.version = options.version ?? '1.2';
  }

  /** True between frames: nothing of an unfinished one has arrived. */
  get idle(): boolean {
    return this.#head === undefined && this.#partial.length === 0 && !this.#afterCr;
  }

  /**
   * Decodes the next bytes. Must not be called from within `onFrame`.
   * @throws ProtocolError for bytes that break STOMP or a limit. After that, input is ignored.
   */
  push(chunk: Buffer): void {
    if (this.#stopped) return;
    try {
      let at = 0;
      if (this.#head !== undefined) at = this.#continueBody(chunk, 0, this.#head);
      else if (this.#partial.length > 0) at = this.#continueHead(chunk, 0);
      while (at < chunk.length && !this.#stopped) at = this.#next(chunk, at);
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Drops the rest of the chunk and all further input, and frees what was collected. */
  stop(): void {
    this.#stopped = true;
    this.#afterCr = false;
    this.#head = undefined;
    this.#partial.take();
  }

  /** Reads one frame, or a run of line ends, or the start of an unfinished frame. */
  #next(chunk: Buffer, at: number): number {
    const first = chunk[at];
    if (this.#afterCr || first === LF || first === CR) return this.#lineEnds(chunk, at);
    const head = this.#reader.read(chunk, at, this.version);
    if (head === undefined) {
      this.#lineBytes = 0;
      this.#lines = 0;
      return this.#continueHead(chunk, at);
    }
    const bodyAt = at + head.size;
    const bodyEnd = head.bodyLength < 0 ? chunk.indexOf(NUL, bodyAt) : bodyAt + head.bodyLength;
    if (bodyEnd < 0 || bodyEnd >= chunk.length) return this.#continueBody(chunk, bodyAt, head);
    if (bodyEnd + 1 - at > this.#limits.maxFrameBytes) throw frameTooLarge(this.#limits.maxFrameBytes);
    if (chunk[bodyEnd] !== NUL) throw this.#unfinished(head);
    const body = bodyEnd === bodyAt ? EMPTY_BODY : chunk.subarray(bodyAt, bodyEnd);
    this.#handlers.onFrame({ command: head.rule.name, headers: head.headers, body });
    return bodyEnd + 1;
  }

  #lineEnds(chunk: Buffer, start: number): number {
    let at = start;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) this.#afterCr = false;
      else if (this.#afterCr) throw badCommand();
      else if (byte === CR) this.#afterCr = true;
      else break;
    }
    this.#handlers.onHeartbeat?.();
    return at;
  }

  /** Collects lines up to the blank one. Limits are checked before anything is kept. */
  #continueHead(chunk: Buffer, start: number): number {
    const { maxHeaders, maxHeaderBytes } = this.#limits;
    const nul = this.#strict ? chunk.indexOf(NUL, start) : -1;
    for (let at = start; ; ) {
      const feed = chunk.indexOf(LF, at);
      const end = feed < 0 ? chunk.length : feed;
      if (nul >= 0 && nul < end) throw this.#lines === 0 ? badCommand() : nulInHead();
      this.#lineBytes += end - at;
      const before = end > start ? chunk[end - 1] : this.#partial.last;
      const length = this.#lineBytes > 0 && before === CR ? this.#lineBytes - 1 : this.#lineBytes;
      if (this.#lines === 0 && length > LONGEST_COMMAND) throw badCommand();
      if (length > maxHeaderBytes) throw headerTooLong(maxHeaderBytes);
      if (feed < 0) {
        this.#collect(chunk, start, end, this.#limits.maxFrameBytes);
        return end;
      }
      if (length === 0) {
        this.#collect(chunk, start, feed + 1, this.#limits.maxFrameBytes);
        return this.#headComplete(chunk, feed + 1);
      }
      if (this.#lines++ > maxHeaders) throw tooManyHeaders(maxHeaders);
      this.#lineBytes = 0;
      at = feed + 1;
    }
  }

  #headComplete(chunk: Buffer, at: number): number {
    const head = this.#reader.read(this.#partial.take(), 0, this.version);
    if (head === undefined) throw badCommand();
    return this.#continueBody(chunk, at, head);
  }

  #continueBody(chunk: Buffer, start: number, head: Head): number {
    this.#head = head;
    const { maxFrameBytes } = this.#limits;
    const room = maxFrameBytes - head.size;
    const total = head.bodyLength + 1;
    let end: number;
    let whole: boolean;
    if (head.bodyLength < 0) {
      const nul = chunk.indexOf(NUL, start);
      whole = nul >= 0;
      end = whole ? nul + 1 : chunk.length;
    } else {
      if (total > room) throw frameTooLarge(maxFrameBytes);
      const missing = total - this.#partial.length;
      whole = chunk.length - start >= missing;
      end = whole ? start + missing : chunk.length;
      if (whole && chunk[end - 1] !== NUL) throw this.#unfinished(head);
    }
    // A NUL still has to come: there must be room for it, too.
    this.#collect(chunk, start, end, head.bodyLength < 0 ? room : total);
    if (!whole) return end;
    const bytes = this.#partial.take();
    this.#head = undefined;
    const body = bytes.length === 1 ? EMPTY_BODY : bytes.subarray(0, bytes.length - 1);
    this.#handlers.onFrame({ command: head.rule.name, headers: head.headers, body });
    return end;
  }

  #collect(chunk: Buffer, from: number, to: number, most: number): void {
    if (this.#partial.length + to - from > most) throw frameTooLarge(this.#limits.maxFrameBytes);
    this.#partial.append(chunk, from, to, most);
  }

  #unfinished(head: Head): Error {
    return this.#strict && !head.rule.body ? bodyNotAllowed(head.rule.name) : missingNul();
  }
}
