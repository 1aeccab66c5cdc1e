import { AggregatorRegistry } from 'prom-client';
import { expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics.js';
import { NOTHING_OBSERVED } from '../support/observed.js';

it('says how the figures of several workers are put together', async () => {
  const worker = async (up: boolean, sessions: number, revocations: number) => {
    const metrics = createMetrics({
      ...NOTHING_OBSERVED,
      sessions: () => sessions,
      linksUp: () => ({ topics: up }),
      revocations: () => revocations,
      brokerAlarm: () => !up,
    });
    metrics.latency.confirmed.observe(0.002);
    return metrics.registry.getMetricsAsJSON();
  };
  const all = AggregatorRegistry.aggregate(await Promise.all([worker(true, 3, 5), worker(false, 4, 5)]));
  expect((await all.metrics()).split('\n')).toEqual(
    expect.arrayContaining([
      'relay_sessions 7',
      // One worker without a link is a relay without one.
      'relay_link_up{link="topics"} 0',
      'relay_broker_alarm 1',
      // All of them know the same ones.
      'relay_revocations 5',
      'relay_delivery_seconds_count 2',
    ]),
  );
});
