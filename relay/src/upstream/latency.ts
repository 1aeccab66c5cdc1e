import type { LatencyMetrics } from '../metrics.js';
import type { Delivery } from './delivery.js';

/** Milliseconds; above this it is no age: whoever wrote the time meant another unit, or has no clock. */
const OLDEST_MS = 86_400_000;
/** By how much a publisher's clock may be ahead. */
const AHEAD_MS = 60_000;

/** A client has confirmed a `/user` message. */
export function observeConfirmed(latency: LatencyMetrics, { arrivedAt, publishedAt }: Delivery): void {
  latency.confirmed.observe((performance.now() - arrivedAt) / 1000);
  if (publishedAt > 0) observeAge(latency.publishedToConfirmed, publishedAt);
}

/** A topic message was written for all who take it. */
export function observeWritten(latency: LatencyMetrics, publishedAt: number): void {
  if (publishedAt > 0) observeAge(latency.publishedToWritten, publishedAt);
}

/** By two clocks: where the publisher's is ahead, the age counts as none. */
function observeAge(buckets: { observe(seconds: number): void }, publishedAt: number): void {
  const age = Date.now() - publishedAt;
  if (age <= OLDEST_MS && age >= -AHEAD_MS) buckets.observe(Math.max(0, age) / 1000);
}
