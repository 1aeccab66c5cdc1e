import { randomBytes } from 'node:crypto';
import type { Batch } from '../broker/batch.js';
import { UnreadError } from './errors.js';

interface Lease {
  readonly userWord: string;
  readonly batch: Batch;
  readonly timer: NodeJS.Timeout;
}

/**
 * The leases that this relay has given: each is a batch of unread messages with a deadline. A lease is as good as the
 * connection that holds the batch: when that is lost, or this process dies, the broker has the messages back.
 */
export class Leases {
  private readonly live = new Map<string, Lease>();
  /** Acknowledged ones, with how it ends: an acknowledgement whose answer was lost, or is late, may be repeated. */
  private readonly done = new Map<string, { userWord: string; count: Promise<number> }>();

  constructor(
    /** Milliseconds. */
    private readonly time: number,
    private readonly most: number,
  ) {}

  get size(): number {
    return this.live.size;
  }

  /** @throws UnreadError ERR_TOO_MANY_LEASES */
  checkRoom(): void {
    if (this.live.size < this.most) return;
    throw new UnreadError(
      'ERR_TOO_MANY_LEASES',
      'too many pulls wait for their acknowledgement: acknowledge what you have, or try again in a moment',
      429,
    );
  }

  /** @param relay names this relay to others, see `relayOf` */
  grant(relay: string, userWord: string, batch: Batch): string {
    const id = `${relay}.${randomBytes(16).toString('base64url')}`;
    const timer = setTimeout(() => batch.refuseAll(), this.time);
    this.live.set(id, { userWord, batch, timer });
    void batch.ended.then(() => this.end(id));
    return id;
  }

  /**
   * Marks the messages as read; resolves with how many they were.
   * @throws UnreadError ERR_LEASE_OVER, also for somebody else's lease
   */
  async acknowledge(userWord: string, id: string): Promise<number> {
    const done = this.done.get(id);
    if (done?.userWord === userWord) return done.count;
    const lease = this.live.get(id);
    // Whose it is may not be found out by trying.
    if (lease?.userWord !== userWord) throw leaseOver();
    this.end(id);
    const count = this.read(lease.batch);
    this.done.set(id, { userWord, count });
    setTimeout(() => this.done.delete(id), this.time).unref();
    return count;
  }

  giveBack(id: string): void {
    this.live.get(id)?.batch.refuseAll();
  }

  giveBackAll(): void {
    for (const { batch } of this.live.values()) batch.refuseAll();
  }

  private async read(batch: Batch): Promise<number> {
    batch.ackAll();
    const { returned } = await batch.ended;
    if (returned > 0) throw leaseOver();
    return batch.messages.length;
  }

  private end(id: string): void {
    const lease = this.live.get(id);
    if (!lease) return;
    clearTimeout(lease.timer);
    this.live.delete(id);
  }
}

/** The relay that gave a lease, by the id of its inbox. */
export function relayOf(lease: string): string {
  return lease.slice(0, lease.indexOf('.'));
}

export function leaseOver(): UnreadError {
  return new UnreadError(
    'ERR_LEASE_OVER',
    'this lease is over, or never was: its messages are unread again, so pull them anew',
    410,
  );
}
