import type { Subscription } from './subscriptions.js';
import { PrivateSubscription } from './subscriptions.js';

/**
 * The subscriptions that the relay has ended, not the client. The client may not have heard of it, so its UNSUBSCRIBE
 * and its ACKs for them are answered and do nothing: the broker would take them for errors and end the connection.
 */
export class Ended {
  /** What `ack` values of a private subscription begin with; '' for others. The oldest first. */
  private byId: Map<string, string> | undefined;

  /** @param most how many are remembered; the oldest are forgotten */
  constructor(private readonly most: number) {}

  add(id: string, subscription: Subscription): void {
    this.byId ??= new Map();
    this.byId.delete(id);
    this.byId.set(id, subscription instanceof PrivateSubscription ? `${subscription.consumerTag}@@` : '');
    const [oldest] = this.byId.keys();
    if (this.byId.size > this.most && oldest !== undefined) this.byId.delete(oldest);
  }

  /** The client uses the id for another subscription. */
  delete(id: string): void {
    this.byId?.delete(id);
  }

  has(id: string): boolean {
    return this.byId?.has(id) ?? false;
  }

  /** Whether an `ack` value was given out for one of them. */
  gave(ack: string): boolean {
    for (const prefix of this.byId?.values() ?? []) if (prefix !== '' && ack.startsWith(prefix)) return true;
    return false;
  }
}
