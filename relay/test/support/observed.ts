import type { Observed } from '../../src/metrics.js';

/** What metrics show of a relay at which nothing happens. */
export const NOTHING_OBSERVED: Observed = {
  sessions: () => 0,
  userRoutes: () => 0,
  topicFeeds: () => 0,
  linksUp: () => ({}),
  linkConnects: () => ({}),
  unconfirmed: () => ({ deliveries: 0, sends: 0 }),
  traffic: () => ({ framesIn: 0, bytesIn: 0, framesOut: 0, bytesOut: 0, privateLinks: 0 }),
  leases: () => 0,
  brokerAlarm: () => false,
  tickets: () => 0,
  revocations: () => 0,
};
