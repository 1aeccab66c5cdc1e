import { expect, it } from 'vitest';
import { createMetrics, type Observed } from '../../src/metrics.js';
import type { Figures } from '../../src/workers/messages.js';
import { Totals } from '../../src/workers/totals.js';
import { NOTHING_OBSERVED } from '../support/observed.js';

/** What a worker tells that has delivered so many messages. */
async function figures(delivered: number, observed: Partial<Observed> = {}): Promise<Figures> {
  const metrics = createMetrics({ ...NOTHING_OBSERVED, ...observed });
  metrics.delivered.user = delivered;
  metrics.limits.inc({ limit: 'RELAY_SEND_RATE' }, delivered);
  // As it comes from another process.
  return JSON.parse(JSON.stringify(await metrics.registry.getMetricsAsJSON())) as Figures;
}

async function lines(totals: Totals, ready = 2): Promise<string[]> {
  return (await totals.page({ ready, of: 2 })).split('\n');
}

it('is the sum, and what only one could say as that one does', async () => {
  const totals = new Totals();
  // NaN, as averages are of nothing, on its way.
  const none = {
    name: 'lag',
    help: '-',
    type: 'gauge',
    aggregator: 'average',
    values: [{ value: null, labels: {} }],
  };
  const some = { ...none, values: [{ value: 4, labels: {} }] };
  const observed = { revocations: () => 7, brokerAlarm: () => true, linksUp: () => ({ users: true }) };
  totals.note(10, [none, some] as unknown as Figures);
  totals.note(11, await figures(5, { sessions: () => 3, ...observed }));
  totals.note(12, await figures(8, { sessions: () => 4, ...observed, linksUp: () => ({ users: false }) }));
  const page = await lines(totals);
  expect(page).toEqual(
    expect.arrayContaining([
      'relay_messages_out_total{kind="user"} 13',
      'relay_limits_total{limit="RELAY_SEND_RATE"} 13',
      'relay_sessions 7',
      'lag 4',
      'relay_revocations 7',
      'relay_broker_alarm 1',
      'relay_link_up{link="users"} 0',
      'relay_workers 2',
      'relay_workers_ready 2',
      'relay_workers_replaced_total 0',
    ]),
  );
  // Prometheus refuses a page with anything else in the place of a number.
  for (const line of page.filter((one) => /^[a-z]/.test(one)))
    expect(line).toMatch(/ (-?[\d.e+-]+|NaN|\+Inf)$/);
});

it('never counts less than before, whoever ends', async () => {
  const totals = new Totals();
  totals.note(11, await figures(5, { sessions: () => 3 }));
  totals.note(12, await figures(8, { sessions: () => 4 }));
  await totals.retire(11);
  // It had never been asked.
  await totals.retire(13);
  totals.note(14, await figures(1, { sessions: () => 1 }));
  totals.note(12, await figures(9, { sessions: () => 4 }));
  expect(await lines(totals, 1)).toEqual(
    expect.arrayContaining([
      'relay_messages_out_total{kind="user"} 15',
      'relay_sessions 5',
      'relay_workers_ready 1',
      'relay_workers_replaced_total 2',
    ]),
  );
  await totals.retire(14);
  expect(await lines(totals)).toContain('relay_messages_out_total{kind="user"} 15');
});
