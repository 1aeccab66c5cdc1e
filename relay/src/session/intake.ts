import { RelayError } from '../errors.js';
import type { Frame } from '../stomp/frame.js';
import type { Transport } from '../transport/transport.js';

/** Something that takes frames slower than they may come. */
export interface Congestible {
  readonly congested: boolean;
}

/** How much may wait for an earlier frame before the client is not read any more, in bytes. */
const MOST_BACKLOG = 256 * 1024;
/** How much may wait at all, in bytes. */
const MOST_BACKLOG_EVER = 32 * 1024 * 1024;
/** What a waiting frame costs beside its body. */
const FRAME_OVERHEAD = 512;

/**
 * Keeps a client's frames in their order: one that has to wait – for a token to be checked, for a subscription to
 * be confirmed, for a link to drain, for its turn – holds up all that come after it.
 */
export class Intake {
  /** What has to come to its end before a frame is handled; each was begun by `hold` and ends with `release`. */
  private holds = 0;
  /** Frames that wait, from `next` on. A queue of two-byte frames may be long: shifting it would be quadratic. */
  private waiting: Frame[] = [];
  private next = 0;
  private waitingBytes = 0;
  private throttledBy: Congestible | undefined;
  /** Made when it is needed first: most clients never need it, and there are many of them. */
  private rests: Set<NodeJS.Timeout> | undefined;
  /** True while the client is not read. */
  paused = false;

  constructor(
    private readonly transport: Transport,
    private readonly handle: (frame: Frame) => void,
  ) {}

  /** Whether every frame that has come was handled. */
  get isIdle(): boolean {
    return this.holds === 0 && this.next === this.waiting.length;
  }

  receive(frame: Frame): void {
    if (this.isIdle) {
      this.handle(frame);
      return;
    }
    this.waiting.push(frame);
    this.waitingBytes += sizeOf(frame);
    // Until then the client is read on, so that its pongs, its heart-beats and its going away are noticed.
    if (this.waitingBytes > MOST_BACKLOG) this.pause();
    // One WebSocket message of two-byte frames is a hundred thousand of them, and a pause comes too late for it.
    if (this.waitingBytes > MOST_BACKLOG_EVER) {
      throw new RelayError('ERR_TOO_MANY_FRAMES', 'too many frames wait for an earlier one', 'limitExceeded');
    }
  }

  /** Nothing more is handled until a `release` for this and every other hold; the frame comes first then. */
  hold(frame?: Frame): void {
    this.holds++;
    if (!frame) return;
    this.waitingBytes += sizeOf(frame);
    if (this.next > 0) this.waiting[--this.next] = frame;
    else this.waiting.unshift(frame);
  }

  release(): void {
    // After `stop` nothing is held any more, but what was waited for comes all the same.
    if (this.holds === 0) return;
    this.holds--;
    while (this.holds === 0 && this.next < this.waiting.length) {
      const frame = this.waiting[this.next++] as Frame;
      this.waitingBytes -= sizeOf(frame);
      this.handle(frame);
    }
    if (this.holds > 0) {
      this.forgetHandled();
      return;
    }
    this.clear();
    if (!this.paused) return;
    this.paused = false;
    this.transport.resume();
  }

  /** Stops reading from a client whose SENDs pile up before `link`, until it has drained; this frame comes first then. */
  throttle(link: Congestible, frame?: Frame): void {
    if (!link.congested || this.throttledBy) return;
    this.throttledBy = link;
    this.hold(frame);
    this.pause();
  }

  /** Stops reading from a client for so many milliseconds; this frame comes first then. */
  rest(milliseconds: number, frame?: Frame): void {
    this.hold(frame);
    this.pause();
    const timer = setTimeout(() => {
      this.rests?.delete(timer);
      this.release();
    }, milliseconds);
    this.rests ??= new Set();
    this.rests.add(timer);
  }

  /** Called a few times a second. */
  tick(): void {
    if (!this.throttledBy || this.throttledBy.congested) return;
    this.throttledBy = undefined;
    this.release();
  }

  /** Drops what waits. */
  stop(): void {
    for (const timer of this.rests ?? []) clearTimeout(timer);
    this.rests = undefined;
    this.clear();
    this.holds = 0;
    this.throttledBy = undefined;
    this.paused = false;
  }

  /** Lets go of what was handled, once it is the greater part: moving the rest costs as much as it frees. */
  private forgetHandled(): void {
    if (this.next * 2 <= this.waiting.length) return;
    this.waiting = this.waiting.slice(this.next);
    this.next = 0;
  }

  private clear(): void {
    this.waiting = [];
    this.next = 0;
    this.waitingBytes = 0;
  }

  private pause(): void {
    if (this.paused) return;
    this.paused = true;
    this.transport.pause();
  }
}

function sizeOf({ body }: Frame): number {
  return body.length + FRAME_OVERHEAD;
}
