import { alternate, brokerSize, type Context, leave } from '../context.js';
import { costRow, type Row } from '../rows.js';
import { type SideName, userKey } from '../sides.js';
import { quantile } from '../statistics.js';

const SHARES = [0.5, 0.95, 0.99] as const;
/** By share: how much later than directly a message may come. */
const GOALS_ADDED_MS: Partial<Record<(typeof SHARES)[number], number>> = { 0.5: 0.2, 0.99: 1 };

/** Time from the publish call of a service to the parsed message in the client, at a rate far from saturation. */
export async function latency(context: Context): Promise<Row[]> {
  const { users, rate, seconds, warmUpSeconds, rounds } = context.sizes.latency;
  const before = await brokerSize(context);
  const keys = Array.from({ length: users }, (_, index) => userKey(index));
  const measured = await alternate(context, rounds, async (side, round) => {
    await context.swarm.connect(await side.users(users));
    const run = { exchange: side.userExchange, keys, rate, window: Number.POSITIVE_INFINITY, toAll: false };
    await context.swarm.run({ ...run, seconds: warmUpSeconds });
    const { latencies } = await context.swarm.run({ ...run, seconds, timed: true });
    await leave(context, before);
    const quantiles = SHARES.map((share) => quantile(latencies, share) / 1000);
    const figures = SHARES.map((share, index) => `p${share * 100} ${quantiles[index]?.toFixed(2)}`);
    context.log(`latency: ${side.name}, round ${round + 1}: ${figures.join(', ')} ms`);
    return quantiles;
  });
  const label = `latency at ${rate.toLocaleString('en-US')} msg/s`;
  const pick = (side: SideName, index: number) => measured[side].map((values) => values[index] ?? Number.NaN);
  const rows = SHARES.map((share, index) =>
    costRow(
      { id: `latency-p${share * 100}`, label: `${label}, p${share * 100}`, unit: 'ms', digits: 2 },
      { direct: pick('direct', index), relay: pick('relay', index) },
    ),
  );
  // Of each round its own difference: both halves of a round saw the same state of the machine.
  for (const [index, share] of SHARES.entries()) {
    const most = GOALS_ADDED_MS[share];
    if (most === undefined) continue;
    const direct = pick('direct', index);
    const added = pick('relay', index).map((value, round) => value - (direct[round] ?? Number.NaN));
    const name = `p${share * 100}`;
    const head = { id: `latency-added-${name}`, label: `added latency, ${name}`, unit: 'ms', digits: 2 };
    rows.push(costRow(head, { relay: added }, { most, text: `≤ ${most} ms` }));
  }
  return rows;
}
