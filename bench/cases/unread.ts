import type { Context } from '../context.js';
import type { OfflineApi } from '../load/offline.js';
import { type Row, reachRow } from '../rows.js';
import { Worker } from '../rpc.js';
import { userKey } from '../sides.js';

const KIB = 1024;

/** Mail for users who are away: how fast it is kept and fetched, and what a mailbox costs the broker. Direct has no such thing. */
export async function unread(context: Context): Promise<Row[]> {
  const { few, many, concurrency, rounds } = context.sizes.unread;
  const worker = new Worker<OfflineApi>(new URL('../load/offline.js', import.meta.url));
  try {
    await worker.call('open', context.amqpUrl);
    const busy: Round[] = [];
    const crowd: Round[] = [];
    await once(context, worker, { ...few, users: Math.ceil(few.users / 4) }, concurrency);
    for (let round = 0; round < rounds; round++) {
      busy.push(await once(context, worker, few, concurrency));
      crowd.push(await once(context, worker, many, concurrency));
    }
    return rows(context, busy, crowd);
  } finally {
    await worker.stop();
  }
}

interface Round {
  storeSeconds: number;
  pullSeconds: number;
  brokerKib: number | undefined;
}

async function once(
  context: Context,
  worker: Worker<OfflineApi>,
  { users, each }: { users: number; each: number },
  concurrency: number,
): Promise<Round> {
  const { relayUrl } = context;
  const { bodyBytes } = context.sizes;
  const keys = Array.from({ length: users }, (_, index) => userKey(index));
  const tokens = await Promise.all(keys.map((_, index) => context.token(index)));
  const before = await context.management?.memory();
  const request = { keys, each, bodyBytes, relayUrl, patienceSeconds: 30 };
  const { seconds: storeSeconds } = await worker.call('store', request, 600);
  const after = await context.management?.memory();
  const { seconds: pullSeconds } = await worker.call('pull', { relayUrl, tokens, each, concurrency }, 600);
  const messages = users * each;
  context.log(
    `unread: ${users} users × ${each}: stored ${Math.round(messages / storeSeconds)}/s, ` +
      `pulled ${Math.round(messages / pullSeconds)}/s (${Math.round(users / pullSeconds)} users/s)`,
  );
  const brokerKib = before !== undefined && after !== undefined ? (after - before) / users / KIB : undefined;
  return { storeSeconds, pullSeconds, brokerKib };
}

function rows({ sizes }: Context, busy: Round[], crowd: Round[]): Row[] {
  const { few, many } = sizes.unread;
  const group = ({ users, each }: typeof few) => `${users.toLocaleString('en-US')} users × ${each}`;
  const rate = (rounds: Round[], count: number, pick: (round: Round) => number) =>
    rounds.map((round) => count / pick(round));
  const head = (id: string, label: string, unit: string, digits = 0) => ({ id, label, unit, digits });
  const result = [
    reachRow(
      head('unread-store', `unread mail kept, ${group(few)}`, 'messages/s'),
      rate(busy, few.users * few.each, (round) => round.storeSeconds),
      { least: 5000, text: '≥ 5,000/s' },
    ),
    reachRow(
      head('unread-pull', `unread mail pulled, ${group(few)}, pages of 100`, 'messages/s'),
      rate(busy, few.users * few.each, (round) => round.pullSeconds),
    ),
    reachRow(
      head('unread-crowd-store', `unread mail kept, ${group(many)}, all new`, 'mailboxes/s'),
      rate(crowd, many.users, (round) => round.storeSeconds),
    ),
    reachRow(
      head('unread-crowd-pull', `unread mail pulled, ${group(many)}`, 'mailboxes/s'),
      rate(crowd, many.users, (round) => round.pullSeconds),
    ),
  ];
  const memory = crowd.flatMap(({ brokerKib }) => (brokerKib === undefined ? [] : [brokerKib]));
  if (memory.length > 0) {
    result.push(
      reachRow(head('unread-memory', `broker memory per mailbox (${group(many)})`, 'KiB', 1), memory),
    );
  }
  return result;
}
