import { RelayError } from '../errors.js';
import type { Delivery } from '../upstream/delivery.js';
import type { Share } from './unacked.js';

interface Waiting {
  /** With ack:client an ACK covers this message and all before it (STOMP 1.2, ACK). */
  cumulative: boolean;
  /** Oldest first, by the ack value that the client was given. */
  deliveries: Map<string, Delivery>;
}

/**
 * What a client still has to acknowledge on its `/user` subscriptions. All clients of a relay share what the broker
 * lets be on its way, so one that takes without acknowledging would stop everybody: there is a bound on how
 * many may wait, over all of its subscriptions, and on how long it may go without acknowledging any.
 */
export class Acknowledgements {
  private readonly bySubscription = new Map<number, Waiting>();
  private ordinals = 0;
  private count = 0;
  private lastProgress = 0;

  constructor(
    private readonly most: number,
    private readonly share: Share,
  ) {}

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** How many more may wait in this session. */
  get room(): number {
    return this.most - this.count;
  }

  /** How many more unread messages may wait: half of what the session and its user may have is left to live ones. */
  get roomForReplay(): number {
    const { room, most, share } = this;
    return Math.min(room - Math.floor(most / 2), share.room - Math.floor(share.most / 2));
  }

  /** Calls back once, when something was settled, in this session or another one of the user. */
  onRoom(callback: () => void): void {
    this.share.onRoom(callback);
  }

  /** The number of a new subscription; it makes ack values of several subscriptions to one destination distinct. */
  register(cumulative: boolean): number {
    this.bySubscription.set(++this.ordinals, { cumulative, deliveries: new Map() });
    return this.ordinals;
  }

  /**
   * Keeps a delivery and returns the ack value for it.
   * @throws RelayError when too many wait already, of this session or of all sessions of the user together
   */
  add(ordinal: number, messageId: string, delivery: Delivery): string {
    if (this.count >= this.most) {
      const message = 'too many messages wait for an acknowledgement';
      throw new RelayError('ERR_TOO_MANY_UNACKED', message, 'slowConsumer');
    }
    if (this.share.room <= 0) {
      const message = 'too many messages of this user, over all sessions, wait for an acknowledgement';
      throw new RelayError('ERR_USER_TOO_MANY_UNACKED', message, 'slowConsumer');
    }
    this.share.add();
    if (this.count++ === 0) this.lastProgress = Date.now();
    const ack = `${ordinal}:${messageId}`;
    this.bySubscription.get(ordinal)?.deliveries.set(ack, delivery);
    return ack;
  }

  has(ack: string): boolean {
    return this.waitingFor(ack)?.deliveries.has(ack) ?? false;
  }

  /** Settles what an ACK or NACK names; nothing happens when it was settled before. */
  settle(ack: string, accepted: boolean): void {
    const waiting = this.waitingFor(ack);
    const named = waiting?.deliveries.get(ack);
    if (!waiting || !named) return;
    this.lastProgress = Date.now();
    const { deliveries } = waiting;
    const before = this.count;
    const settled: Iterable<[string, Delivery]> = waiting.cumulative ? deliveries : [[ack, named]];
    for (const [earlier, delivery] of settled) {
      if (accepted) delivery.confirm();
      else delivery.release();
      deliveries.delete(earlier);
      this.count--;
      if (earlier === ack) break;
    }
    this.share.remove(before - this.count);
  }

  /** The subscription has ended: nothing of it can be acknowledged any more. */
  release(ordinal: number): void {
    const waiting = this.bySubscription.get(ordinal);
    this.bySubscription.delete(ordinal);
    if (!waiting) return;
    for (const delivery of waiting.deliveries.values()) delivery.release();
    const { size } = waiting.deliveries;
    this.count -= size;
    if (size > 0) this.share.remove(size);
  }

  /** For how many milliseconds something has waited without any being acknowledged; 0 when nothing waits. */
  stalled(now: number): number {
    return this.count === 0 ? 0 : now - this.lastProgress;
  }

  /** The client may have acknowledged something that nobody has read: its time begins anew. */
  excuse(now: number): void {
    this.lastProgress = Math.max(this.lastProgress, now);
  }

  private waitingFor(ack: string): Waiting | undefined {
    return this.bySubscription.get(Number.parseInt(ack, 10));
  }
}
