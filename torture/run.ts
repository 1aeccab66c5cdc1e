import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from '../bench/environment.js';
import { blindPeriods } from './blind.js';
import { type Drained, drain } from './drain.js';
import { type Fault, Faults } from './faults.js';
import type { Figures } from './ledger.js';
import type { CrowdTally, PublishLog } from './load/protocol.js';
import type { Options } from './options.js';
import { Random } from './random.js';
import { planFaults } from './schedule.js';
import { build, type World } from './world.js';

export interface Outcome {
  figures: Figures;
  faults: Fault[];
  /** Messages that the broker never confirmed although it was up: its publishers would wait for ever. */
  unconfirmed: number;
  /** For each fault, the duplicates among the messages that were published nearest to it. */
  duplicatesNear: number[];
  /** Duplicates that came of a dead relay which nobody could tell from one on its way back. */
  duplicatesBlind: number;
  /** Relays that ended although nobody killed them. */
  crashes: string[];
  drained: Drained;
  tally: CrowdTally;
  /** From the first publish to the last confirm, and from there to the last pull. */
  seconds: { publishing: number; ending: number };
}

const PROGRESS_MS = 5000;
const LOOK_MS = 200;
/** The part of the time that is kept for the end: reconnecting, and waiting for the queues of dead relays. */
const END_SHARE = 0.3;
const END_SECONDS = 100;

/** The whole run: build, publish and break, heal, pull, and count. */
export async function torture(
  options: Options,
  cleanup: Cleanup,
  log: (line: string) => void,
): Promise<Outcome> {
  const world = await build(options, cleanup, log);
  const endSeconds = Math.min(END_SECONDS, options.minutes * 60 * END_SHARE);
  const most = options.minutes * 60 - endSeconds;
  const began = Date.now();
  const { faults, unconfirmed } = await publishAndBreak(world, options, most, log);
  const ended = Date.now();
  log('all is whole again; everyone leaves, comes back and pulls');
  await world.crowd.rejoin();
  const patience = Math.max(30, options.nodeTtl / 500 + endSeconds) * 1000;
  const drained = await drain(world.crowd, world.broker.managementUrl, patience, log);
  const tally = merge(await world.crowd.flush());
  const published: PublishLog = await world.publisher.call('log', null);
  return {
    figures: world.ledger.settle(published),
    faults,
    unconfirmed,
    duplicatesNear: world.ledger.duplicatesNear(faults, published),
    duplicatesBlind: world.ledger.duplicatesIn(blindPeriods(faults), published),
    crashes: world.relays.flatMap((relay) => relay.crashes),
    drained,
    tally,
    seconds: { publishing: (ended - began) / 1000, ending: (Date.now() - ended) / 1000 },
  };
}

/** Publishes until there are enough messages and faults, or `most` seconds are over; then all is repaired and confirmed. */
async function publishAndBreak(
  { broker, relays, crowd, publisher, request, ledger }: World,
  options: Options,
  most: number,
  log: (line: string) => void,
): Promise<{ faults: Fault[]; unconfirmed: number }> {
  const random = new Random(options.seed);
  const plan = planFaults(
    options.faults,
    Math.min(most, options.messages / options.rate),
    random,
    options.only,
  );
  const usersPerProcess = Math.ceil(options.users / options.processes);
  const { confirmTimeout, nodeTtl } = options;
  const victims = { broker, relays, crowd, confirmTimeout, nodeTtl, usersPerProcess };
  const faults = new Faults(victims, random, log);
  const timeUp = new AbortController();
  const began = Date.now();
  await publisher.call('begin', request);
  let broken = true;
  let failure: unknown;
  const breaking = faults
    .run(plan, timeUp.signal)
    .catch((error: unknown) => {
      failure = error;
    })
    .finally(() => {
      broken = false;
    });
  for (let toldAt = began; ; await delay(LOOK_MS)) {
    const { confirmed, open, repeated } = await publisher.call('progress', null);
    if (Date.now() - began > most * 1000) timeUp.abort();
    if (Date.now() - toldAt > PROGRESS_MS) {
      toldAt = Date.now();
      const { live, replayed, pulled } = ledger.received;
      log(
        `confirmed ${confirmed}, open ${open}, repeated ${repeated}; received live ${live}, ` +
          `replayed ${replayed}, pulled ${pulled}; faults ${faults.done.length}/${options.faults}`,
      );
    }
    if (failure) throw failure;
    if (!broken && (confirmed >= options.messages || timeUp.signal.aborted)) break;
  }
  await breaking;
  const { open } = await publisher.call('settle', null, 120);
  return { faults: faults.done.sort((a, b) => a.from - b.from), unconfirmed: open };
}

function merge(tallies: CrowdTally[]): CrowdTally {
  const sum = (tables: Record<string, number>[]) => {
    const total: Record<string, number> = {};
    for (const table of tables) {
      for (const [key, count] of Object.entries(table)) total[key] = (total[key] ?? 0) + count;
    }
    return total;
  };
  return {
    closes: sum(tallies.map(({ closes }) => closes)),
    pullTroubles: sum(tallies.map(({ pullTroubles }) => pullTroubles)),
    disordered: tallies.reduce((total, { disordered }) => total + disordered, 0),
    foreign: tallies.flatMap(({ foreign }) => foreign),
  };
}
