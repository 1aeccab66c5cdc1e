import { alternate, brokerSize, type Context, leave } from '../context.js';
import { type Row, rateRow } from '../rows.js';

/** Clients that open a socket, show who they are, subscribe to their replies and have the receipt. */
export async function connect(context: Context): Promise<Row[]> {
  const { clients, concurrency, rounds } = context.sizes.connect;
  const before = await brokerSize(context);
  const round = async (side: Context['direct'], count: number) => {
    const seconds = await context.swarm.connect(await side.users(count), concurrency);
    await leave(context, before);
    return count / seconds;
  };
  await alternate(context, 1, (side) => round(side, Math.ceil(clients / 5)));
  const rates = await alternate(context, rounds, async (side, index) => {
    const rate = await round(side, clients);
    context.log(`connect: ${side.name}, round ${index + 1}: ${Math.round(rate)} clients/s`);
    return rate;
  });
  const label = `connect + sign in + subscribe, ${clients.toLocaleString('en-US')} clients`;
  const details = { concurrency };
  return [rateRow({ id: 'connect', label, unit: 'clients/s', digits: 0, details }, rates, 4)];
}
