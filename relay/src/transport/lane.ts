import { GAP_HEADER } from '../outbound/message.js';
import { Outgoing } from '../outbound/outgoing.js';
import type { Slow } from '../policy/slow.js';

/** How many messages were dropped, by policy. */
export type DroppedCounts = Record<'drop-oldest' | 'latest-only', number>;

/** A frame that waits. */
export interface Waiting {
  frame: Outgoing;
  /** How many frames there are up to this one. */
  readonly mark: number;
  readonly lane: Lane | undefined;
  before: Waiting | undefined;
  after: Waiting | undefined;
  /** The next one of the same lane. */
  next: Waiting | undefined;
}

const COMMAND = 'MESSAGE\n'.length;

/** What of one subscription may be dropped while it waits for a client that does not keep up. */
export class Lane {
  /** How many were dropped since the last one that went out. */
  dropped = 0;
  /** What waits of it. */
  count = 0;
  bytes = 0;
  oldest: Waiting | undefined;
  private newest: Waiting | undefined;
  /** With `latest-only`: what waits, by where it was published to. */
  private readonly latest: Map<string, Waiting> | undefined;

  constructor(
    private readonly slow: Exclude<Slow, { policy: 'disconnect' }>,
    private readonly counts: DroppedCounts,
  ) {
    if (slow.policy === 'latest-only') this.latest = new Map();
  }

  /** Whether more waits than may. */
  get isOver(): boolean {
    return this.slow.policy === 'drop-oldest' && this.count > this.slow.most;
  }

  /** Whether a waiting message has given its place to this one. @returns the bytes that it has freed, at most */
  replace(frame: Outgoing): number | undefined {
    const waiting = this.latest?.get(frame.destination ?? '');
    if (!waiting) return undefined;
    const freed = waiting.frame.bytes.length - frame.bytes.length;
    this.bytes -= freed;
    // In its place, and not at the end: what changes all the time would never have its turn.
    waiting.frame = frame;
    this.note();
    return freed;
  }

  push(waiting: Waiting): void {
    if (this.newest) this.newest.next = waiting;
    else this.oldest = waiting;
    this.newest = waiting;
    this.count++;
    this.bytes += waiting.frame.bytes.length;
    this.latest?.set(waiting.frame.destination ?? '', waiting);
  }

  /** The oldest waits no more. */
  shift(): void {
    const { oldest } = this;
    if (!oldest) return;
    this.oldest = oldest.next;
    if (!this.oldest) this.newest = undefined;
    this.count--;
    this.bytes -= oldest.frame.bytes.length;
    this.latest?.delete(oldest.frame.destination ?? '');
  }

  /** One was dropped. */
  note(): void {
    this.dropped++;
    this.counts[this.slow.policy]++;
  }

  /** The message that goes out next: after a gap it says how many are missing. For this client alone, since others share it. */
  stamp(frame: Outgoing): Outgoing {
    if (this.dropped === 0) return frame;
    const { bytes } = frame;
    const header = Buffer.from(`${GAP_HEADER}:${this.dropped}\n`);
    this.dropped = 0;
    const pieces = [bytes.subarray(0, COMMAND), header, bytes.subarray(COMMAND)];
    return new Outgoing(Buffer.concat(pieces), frame.destination);
  }
}
