import type { Observed } from '../../src/metrics.js';

/** What metrics show of a relay at which nothing happens. */
export const NOTHING_OBSERVED: Observed = {
  sessions: () => 0,
  userRoutes: () => 0,
  topicFeeds: () => 0,
  linksUp: () => ({}),
  leases: () => 0,
  brokerAlarm: () => false,
  tickets: () => 0,
  revocations: () => 0,
};
