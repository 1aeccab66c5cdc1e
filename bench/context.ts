import type { Management } from './management.js';
import type { RelayProcess } from './relay-process.js';
import type { Side, SideName } from './sides.js';
import type { Sizes } from './sizes.js';
import type { Swarm } from './swarm.js';

/** What every measurement works with. */
export interface Context {
  sizes: Sizes;
  swarm: Swarm;
  direct: Side;
  relay: Side;
  /** A relay that has carried nothing yet, for the measurement of memory; the caller stops it. */
  freshRelay(settings?: Record<string, string>): Promise<{ process: RelayProcess; side: Side }>;
  management: Management | undefined;
  amqpUrl: string;
  relayUrl: string;
  /** Seconds of processor time that the relay has used, and the broker where its process is known. */
  processorSeconds(): Partial<Record<'relay' | 'broker', number>>;
  /** The token of user `index` of `relay.users`. */
  token(index: number): Promise<string>;
  log(line: string): void;
}

export type PerSide<T> = Record<SideName, T[]>;

const SETTLE_SECONDS = 20;
/** The broker counts a connection a while after it is there: those of the publisher and the relay may come late. */
const SLACK = 8;

/** Runs `measure` on both sides in turns, so that what drifts on the machine drifts for both. */
export async function alternate<T>(
  context: Context,
  rounds: number,
  measure: (side: Side, round: number) => Promise<T>,
): Promise<PerSide<T>> {
  const results: PerSide<T> = { direct: [], relay: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of [context.direct, context.relay]) {
      results[side.name].push(await measure(side, round));
    }
  }
  return results;
}

/** Connections and queues that the broker has now; undefined without the management API. */
export async function brokerSize(context: Context): Promise<number | undefined> {
  const overview = await context.management?.overview();
  return overview && overview.connections + overview.queues;
}

/** All clients leave, and the broker gets the time to forget their connections and queues. */
export async function leave(context: Context, sizeBefore: number | undefined): Promise<void> {
  await context.swarm.disconnect();
  const until = Date.now() + SETTLE_SECONDS * 1000;
  for (let size = await brokerSize(context); sizeBefore !== undefined; size = await brokerSize(context)) {
    if (size === undefined || size <= sizeBefore + SLACK) break;
    if (Date.now() > until) {
      context.log(`the broker still has ${size} connections and queues, before it were ${sizeBefore}`);
      break;
    }
    await pause(0.25);
  }
  await pause(context.sizes.restSeconds);
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
