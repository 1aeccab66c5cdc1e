import type { Context } from '../context.js';
import { type Row, rateRow } from '../rows.js';
import { TOPIC } from '../sides.js';
import { measureSaturated } from './saturated.js';

/** One topic, many subscribers. */
export async function fanout(context: Context): Promise<Row[]> {
  const { clients, ...load } = context.sizes.fanout;
  const { rates, details } = await measureSaturated(context, {
    name: 'fan-out',
    plans: (side) => side.audience(clients),
    run: () => ({ exchange: TOPIC.exchange, keys: [TOPIC.key], toAll: true }),
    ...load,
  });
  const label = `fan-out, ${clients.toLocaleString('en-US')} clients, ${context.sizes.bodyBytes} B`;
  return [rateRow({ id: 'fanout', label, unit: 'deliveries/s', digits: 0, details }, rates, 25)];
}
