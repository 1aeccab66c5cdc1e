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
 * be confirmed, for a link to drain – holds up all that come after it.
 */
export class Intake {
  /** Frames that wait for an earlier one; undefined while frames are handled as they come. */
  private backlog: Frame[] | undefined;
  private backlogBytes = 0;
  private throttledBy: Congestible | undefined;
  /** True while the client is not read. */
  paused = false;

  constructor(
    private readonly transport: Transport,
    private readonly handle: (frame: Frame) => void,
  ) {}

  receive(frame: Frame): void {
    if (!this.backlog) {
      this.handle(frame);
      return;
    }
    this.backlog.push(frame);
    this.backlogBytes += frame.body.length + FRAME_OVERHEAD;
    // Until then the client is read on, so that its pongs, its heart-beats and its going away are noticed.
    if (this.backlogBytes > MOST_BACKLOG) this.pause();
    // One WebSocket message of two-byte frames is a hundred thousand of them, and a pause comes too late for it.
    if (this.backlogBytes > MOST_BACKLOG_EVER) {
      throw new RelayError('ERR_TOO_MANY_FRAMES', 'too many frames wait for an earlier one', 'limitExceeded');
    }
  }

  /** Nothing more is handled until `release`; these frames first then. */
  hold(...frames: Frame[]): void {
    if (this.backlog) this.backlog.unshift(...frames);
    else this.backlog = frames;
  }

  release(): void {
    const frames = this.backlog ?? [];
    this.backlog = undefined;
    this.backlogBytes = 0;
    // Handling a frame may hold what comes after it; `receive` then keeps the rest in its place.
    for (const frame of frames) this.receive(frame);
    if (this.backlog || !this.paused) return;
    this.paused = false;
    this.transport.resume();
  }

  /** Stops reading from a client whose SENDs pile up before `link`, until it has drained. */
  throttle(link: Congestible): void {
    if (!link.congested || this.throttledBy) return;
    this.throttledBy = link;
    this.hold();
    this.pause();
  }

  /** Called a few times a second. */
  tick(): void {
    if (!this.throttledBy || this.throttledBy.congested) return;
    this.throttledBy = undefined;
    this.release();
  }

  /** Drops what waits. */
  stop(): void {
    this.backlog = undefined;
    this.throttledBy = undefined;
    this.paused = false;
  }

  private pause(): void {
    this.paused = true;
    this.transport.pause();
  }
}
