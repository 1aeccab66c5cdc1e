import { setTimeout as delay } from 'node:timers/promises';
import type { Cleanup } from '../bench/environment.js';
import { renderCounts } from '../bench/table.js';
import { drain } from '../torture/drain.js';
import type { Figures } from '../torture/ledger.js';
import type { Tally } from './load/protocol.js';
import { changes, type Look, look } from './look.js';
import type { Options } from './options.js';
import { build, type World } from './world.js';

export interface Outcome {
  figures: Figures;
  /** Messages that the broker never confirmed. */
  unconfirmed: number;
  /** Messages that it still held for users when the time to pull them was over. */
  left: number;
  tally: Tally;
  /** Messages that came to somebody else, or were none of this run. */
  foreign: string[];
  topics: { published: number; answered: number };
  /** With no client there: before and after the long time. */
  before: Look;
  after: Look;
  /** What is not as it was. */
  changes: string[];
  /** While clients come and go. */
  samples: Look[];
  /** Errors in the logs of the relays, and warnings with their counts. */
  troubles: string[];
  warnings: Record<string, number>;
}

type Log = (line: string) => void;

const PROGRESS_MS = 10_000;
const TICK_MS = 250;
const CUT_EVERY_MS = 4000;
const CUT_USERS = 3;
const LEAVE_SECONDS = 180;
/** A mailbox takes the broker some milliseconds to make and to remove, and each user may have one. */
const DRAIN_MS = 300_000;
/** The management API may be 5 s late, and links that were private need a moment. */
const SETTLE_MS = 90_000;
const LOOK_EVERY_MS = 2000;
/** Looks that must be alike before the first is believed. */
const ALIKE = 3;
/** For how long a busy machine may give no sample. */
const MOST_BLIND_MS = 180_000;

/** The whole run: warm up, look, let them come and go, look again, and count. */
export async function soak(options: Options, cleanup: Cleanup, log: Log): Promise<Outcome> {
  const world = await build(options, cleanup, log);
  const startedAt = performance.now();
  await world.publisher.call('begin', world.request);
  log(`warming up for ${options.warmUpSeconds} s`);
  await comeAndGo(world, options, options.warmUpSeconds, startedAt, log);
  await everybodyLeaves(world, log);
  const before = await restingLook(world, startedAt);
  log(`nobody is there: ${describe(before)}`);
  await world.publisher.call('resume', null);
  const samples = await comeAndGo(world, options, options.seconds, startedAt, log);
  const { unconfirmed, left } = await everybodyLeaves(world, log);
  const after = await lookUntilAsBefore(world, before, startedAt);
  log(`nobody is there: ${describe(after)}`);
  const { tally, foreign } = await world.visitors.call('flush', null);
  const steady = await world.steady.flush();
  return {
    figures: world.ledger.settle(await world.publisher.call('log', null)),
    ...{ unconfirmed, left, tally, before, after, samples, changes: changes(before, after) },
    foreign: [...foreign, ...steady.flatMap((part) => part.foreign)],
    topics: { published: world.services.published, answered: world.services.answered },
    troubles: world.relays.flatMap((relay) => relay.log.troubles),
    warnings: Object.assign({}, ...world.relays.map((relay) => relay.log.warnings)),
  };
}

/** Clients come and go and services publish for so long. @returns samples. */
async function comeAndGo(
  world: World,
  options: Options,
  seconds: number,
  startedAt: number,
  log: Log,
): Promise<Look[]> {
  const { visitors, steady, services } = world;
  await visitors.call('comeAndGo', null);
  services.publishAt(options.topicRate);
  await steady.rejoin();
  const samples: Look[] = [];
  const began = Date.now();
  let [sampledAt, cutAt, toldAt, seenAt, turn] = [began, began, began, began, 0];
  for (let now = began; now - began < seconds * 1000; now = Date.now()) {
    checkRelays(world);
    if (now - cutAt > CUT_EVERY_MS) {
      cutAt = now;
      await steady.cut(0, turn++ * CUT_USERS, CUT_USERS);
    }
    if (now - sampledAt > options.sampleSeconds * 1000) {
      sampledAt = now;
      try {
        samples.push(await look(world.relays, world.management, startedAt));
        seenAt = Date.now();
      } catch (error) {
        if (Date.now() - seenAt > MOST_BLIND_MS) throw error;
      }
    }
    if (now - toldAt > PROGRESS_MS) {
      toldAt = now;
      await tell(world, samples.at(-1), log);
    }
    await delay(TICK_MS);
  }
  return samples;
}

async function everybodyLeaves(world: World, log: Log): Promise<Pick<Outcome, 'unconfirmed' | 'left'>> {
  world.services.publishAt(0);
  const { open } = await world.publisher.call('settle', null, 120);
  await Promise.all([world.visitors.call('leave', null, LEAVE_SECONDS), world.steady.leave()]);
  const { left } = await drain(world, world.managementUrl, DRAIN_MS, log);
  for (const { name, messages } of left) log(`still held: ${name} ${messages}`);
  return { unconfirmed: open, left: left.reduce((sum, { messages }) => sum + messages, 0) };
}

/** How it is when nothing changes any more. */
async function restingLook(world: World, startedAt: number): Promise<Look> {
  const deadline = Date.now() + SETTLE_MS;
  let last = await look(world.relays, world.management, startedAt);
  for (let alike = 1; alike < ALIKE && Date.now() < deadline; ) {
    await delay(LOOK_EVERY_MS);
    const next = await look(world.relays, world.management, startedAt);
    alike = changes(last, next).length + changes(next, last).length === 0 ? alike + 1 : 1;
    last = next;
  }
  return last;
}

async function lookUntilAsBefore(world: World, before: Look, startedAt: number): Promise<Look> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    checkRelays(world);
    const now = await look(world.relays, world.management, startedAt);
    if (changes(before, now).length === 0 || Date.now() > deadline) return now;
    await delay(LOOK_EVERY_MS);
  }
}

/** @throws Error when one has ended. */
function checkRelays({ relays }: World): void {
  for (const [index, { process, log }] of relays.entries()) {
    if (process.ended === undefined) continue;
    throw new Error(`relay ${index} ended by itself (${process.ended})\n${log.troubles.join('\n')}`);
  }
}

async function tell({ visitors, publisher, ledger }: World, last: Look | undefined, log: Log): Promise<void> {
  const { confirmed, open } = await publisher.call('progress', null);
  const { tally } = await visitors.call('flush', null);
  const troubles = Object.values(tally.troubles).reduce((sum, count) => sum + count, 0);
  const worst = troubles > 0 ? ` (${renderCounts(tally.troubles)})` : '';
  const { live, replayed, pulled } = ledger.received;
  log(
    `visits ${tally.visits}, cut short ${troubles}${worst}; confirmed ${confirmed}, open ${open}; live ${live}, replayed ${replayed}, ` +
      `pulled ${pulled}, topics ${tally.topicMessages}${last ? `; ${describe(last)}` : ''}`,
  );
}

function describe({ counts, relays, brokerBytes }: Look): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  const memory = relays.map((one) => `heap ${mib(one.heapBytes)}, resident ${mib(one.residentBytes)}`);
  const objects = ['connections', 'queues', 'bindings'].map((name) => `${name} ${counts[`broker: ${name}`]}`);
  const files = relays.map((_, index) => `files ${counts[`relay ${index}: open files`]}`);
  return [...memory, ...files, ...objects, `broker ${mib(brokerBytes)} MiB`].join(', ');
}
