import { brokerSize, type Context, leave, pause } from '../context.js';
import type { ClientPlan } from '../load/stomp-client.js';
import type { RelayProcess } from '../relay-process.js';
import { costRow, type Row } from '../rows.js';
import type { Side, SideName } from '../sides.js';

interface Held {
  relay: number;
  broker: number;
}

const KIB = 1024;
const GOAL_BYTES = 14_000;
const SAMPLE_SECONDS = 0.5;

/**
 * What one more idle client costs: memory with a few clients against memory with many, so that what a process
 * takes once (compiled code, the first heap) is not counted as the cost of clients.
 */
export async function memory(context: Context): Promise<Row[]> {
  const { base, clients, direct, rounds } = context.sizes.memory;
  const relayKib: number[] = [];
  const brokerKib: Record<SideName, number[]> = { direct: [], relay: [] };
  for (let round = 0; round < rounds; round++) {
    const before = await brokerSize(context);
    const plain = await perClient(context, context.direct, direct, undefined, before);
    brokerKib.direct.push(plain.broker);
    const fresh = await context.freshRelay();
    try {
      const relay = await perClient(context, fresh.side, clients, fresh.process, await brokerSize(context));
      relayKib.push(relay.relay);
      brokerKib.relay.push(relay.broker);
    } finally {
      await fresh.process.stop();
    }
    context.log(
      `memory: round ${round + 1}: per idle client relay ${relayKib.at(-1)?.toFixed(1)} KiB, broker ` +
        `${brokerKib.relay.at(-1)?.toFixed(1)} KiB; direct: broker ${brokerKib.direct.at(-1)?.toFixed(1)} KiB`,
    );
  }
  const number = (count: number) => (base + count).toLocaleString('en-US');
  const idle = `per idle client (${number(clients)})`;
  const rows = [
    costRow(
      { id: 'memory-relay', label: `relay memory ${idle}`, unit: 'KiB', digits: 1 },
      { relay: relayKib },
      { most: GOAL_BYTES / KIB, text: '≤ 14 KB' },
    ),
  ];
  if (!context.management) return rows;
  const head = {
    id: 'memory-broker',
    label: `broker memory per idle client (direct ${number(direct)}, relay ${number(clients)})`,
    unit: 'KiB',
    digits: 1,
  };
  rows.push(costRow(head, brokerKib, { most: 5, text: '< 5 KiB' }));
  return rows;
}

async function perClient(
  context: Context,
  side: Side,
  clients: number,
  relay: RelayProcess | undefined,
  before: number | undefined,
): Promise<Held> {
  const { base } = context.sizes.memory;
  const plans: ClientPlan[] = await side.users(base + clients);
  await context.swarm.connect(plans.slice(0, base));
  const few = await settled(context, relay);
  await context.swarm.connect(plans.slice(base));
  const many = await settled(context, relay);
  await leave(context, before);
  return {
    relay: (many.relay - few.relay) / clients / KIB,
    broker: (many.broker - few.broker) / clients / KIB,
  };
}

/** The least seen within the time to settle: what is above it is garbage that was not yet collected. */
async function settled(context: Context, relay: RelayProcess | undefined): Promise<Held> {
  const least: Held = { relay: Number.POSITIVE_INFINITY, broker: Number.POSITIVE_INFINITY };
  const until = Date.now() + context.sizes.memory.settleSeconds * 1000;
  do {
    least.relay = Math.min(least.relay, relay?.memory() ?? 0);
    least.broker = Math.min(least.broker, (await context.management?.memory()) ?? 0);
    await pause(SAMPLE_SECONDS);
  } while (Date.now() < until);
  return least;
}
