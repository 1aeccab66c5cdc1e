import type { Context } from '../context.js';
import { type Row, rateRow } from '../rows.js';
import { userKey } from '../sides.js';
import { measureSaturated } from './saturated.js';

/** Many users, every message for one of them. */
export async function unicast(context: Context): Promise<Row[]> {
  const { users, ...load } = context.sizes.unicast;
  const keys = Array.from({ length: users }, (_, index) => userKey(index));
  const { rates, details } = await measureSaturated(context, {
    name: 'unicast',
    plans: (side) => side.users(users),
    run: (side) => ({ exchange: side.userExchange, keys, toAll: false }),
    ...load,
  });
  const label = `unicast, ${users.toLocaleString('en-US')} users, ${context.sizes.bodyBytes} B`;
  return [rateRow({ id: 'unicast', label, unit: 'deliveries/s', digits: 0, details }, rates, 4)];
}
