import type { Subscription, SubscriptionKind } from './subscriptions.js';

/** The subscriptions of one session by id, counted by kind along with those of all others. */
export class SubscriptionList extends Map<string, Subscription> {
  /** How many there have been. */
  made = 0;

  constructor(private readonly counts: Record<SubscriptionKind, number>) {
    super();
  }

  override set(id: string, subscription: Subscription): this {
    this.delete(id);
    this.counts[subscription.kind]++;
    this.made++;
    return super.set(id, subscription);
  }

  override delete(id: string): boolean {
    const subscription = this.get(id);
    if (subscription) this.counts[subscription.kind]--;
    return super.delete(id);
  }

  override clear(): void {
    for (const { kind } of this.values()) this.counts[kind]--;
    super.clear();
  }
}
