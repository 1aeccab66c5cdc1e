import { renderCounts, renderPairs } from '../bench/table.js';
import type { Look } from './look.js';
import type { Options } from './options.js';
import type { Outcome } from './run.js';
import { grows, type Slope, secondHalf, slope } from './slope.js';

const KIB = 1024;
const MIB = 1024 * KIB;
/** Samples of the second half without which a slope says nothing. */
const LEAST_SAMPLES = 10;
/** Most that the heap may be above what it was with nobody there: compiled code and what is only being cached. */
const MOST_HEAP_LEFT = 8 * MIB;
/** Most that the resident set may be above: what the allocator keeps. */
const MOST_RESIDENT_LEFT = 96 * MIB;
/** The allocators of C and of Erlang keep and give back as they like: only what goes on and on is a leak. */
const MOST_RESIDENT_SLOPE = 1024 * KIB;
const MOST_BROKER_SLOPE = 2048 * KIB;
/** Visits that may fail on a busy machine; with more, not enough has happened. */
const MOST_CUT_SHORT = 0.05;
const LEAST_CUT_SHORT = 5;

/** A figure that must not grow, over the second half of the time. Bytes. */
export interface Growth {
  name: string;
  slope: Slope;
  /** Most per minute. */
  most: number;
  /** What may be due to allocators, and to caches that fill, in a short run. */
  leastRise: number;
  before: number;
  after: number;
  mostLeft: number;
}

export function growths({ samples, before, after }: Outcome, { heapSlope }: Options): Growth[] {
  const series = (pick: (look: Look) => number | undefined) => ({
    slope: slope(secondHalf(samples).map((one) => ({ seconds: one.seconds, value: pick(one) ?? 0 }))),
    before: pick(before) ?? 0,
    after: pick(after) ?? 0,
  });
  const relays = before.relays.flatMap((_, index): Growth[] => [
    {
      name: `relay ${index}, heap`,
      ...series((one) => one.relays[index]?.heapBytes),
      ...{ most: heapSlope * KIB, leastRise: 768 * KIB, mostLeft: MOST_HEAP_LEFT },
    },
    {
      name: `relay ${index}, buffers`,
      ...series((one) => one.relays[index]?.externalBytes),
      ...{ most: heapSlope * KIB, leastRise: 768 * KIB, mostLeft: MOST_HEAP_LEFT },
    },
    {
      name: `relay ${index}, resident`,
      ...series((one) => one.relays[index]?.residentBytes),
      ...{ most: MOST_RESIDENT_SLOPE, leastRise: 8 * MIB, mostLeft: MOST_RESIDENT_LEFT },
    },
  ]);
  const broker = {
    name: 'broker',
    ...series((one) => one.brokerBytes),
    ...{ most: MOST_BROKER_SLOPE, leastRise: 16 * MIB, mostLeft: Number.POSITIVE_INFINITY },
  };
  return [...relays, broker];
}

/** What is not as it must be; empty when all is well. */
export function failures(outcome: Outcome, options: Options): string[] {
  const { figures, tally, foreign } = outcome;
  const found: string[] = [];
  if (figures.lost.length > 0) {
    const examples = figures.lost.slice(0, 5).map(({ number, user }) => `message ${number} of user ${user}`);
    found.push(`${figures.lost.length} confirmed messages were lost: ${examples.join(', ')}`);
  }
  if (tally.topicGaps > 0) found.push(`subscribers of topics missed ${tally.topicGaps} messages`);
  if (foreign.length > 0) found.push(`messages that are not theirs:\n${foreign.join('\n')}`);
  if (outcome.unconfirmed > 0) found.push(`the broker never confirmed ${outcome.unconfirmed} messages`);
  if (outcome.left > 0) {
    found.push(
      `the broker still held ${outcome.left} messages in the end: what seems lost may be among them`,
    );
  }
  for (const change of outcome.changes) found.push(`not as it was: ${change}`);
  const enough = secondHalf(outcome.samples).length >= LEAST_SAMPLES;
  for (const growth of growths(outcome, options)) {
    if (enough && grows(growth.slope, growth.most) && risen(outcome, growth) > growth.leastRise) {
      found.push(`${growth.name} grows by ${perMinute(growth)}; at most ${kib(growth.most)} may be`);
    }
    if (growth.after - growth.before > growth.mostLeft) {
      found.push(`${growth.name} holds ${kib(growth.after - growth.before)} more than before`);
    }
  }
  const short = sum(tally.troubles);
  if (short > Math.max(LEAST_CUT_SHORT, MOST_CUT_SHORT * (tally.visits + short))) {
    found.push(`${short} visits were cut short: ${renderCounts(tally.troubles)}`);
  }
  if (figures.published === 0 || tally.topicMessages === 0) found.push('nothing has happened');
  return found;
}

/** What the slope makes of the time that it was taken of, in bytes. */
function risen({ samples }: Outcome, { slope: { perMinute: value } }: Growth): number {
  const half = secondHalf(samples);
  return (value * ((half.at(-1)?.seconds ?? 0) - (half[0]?.seconds ?? 0))) / 60;
}

/** The result as two Markdown tables. */
export function renderTables(outcome: Outcome, options: Options): string {
  const { figures, tally, topics } = outcome;
  const { received } = figures;
  const happened: [string, string][] = [
    ['visits', number(tally.visits)],
    ['… cut short', number(sum(tally.troubles))],
    ['messages for users, published and confirmed', number(figures.published)],
    ['received live', number(received.live)],
    ['received unread, pulled over HTTP', number(received.pulled)],
    ['received unread, replayed on SUBSCRIBE', number(received.replayed)],
    ['duplicates', `${number(figures.duplicates)} (${(figures.duplicateShare * 100).toFixed(2)} %)`],
    ['messages to topics, published', number(topics.published)],
    ['… received', number(tally.topicMessages)],
    ['… missed by a subscriber', number(tally.topicGaps)],
    ['**lost**', `**${number(figures.lost.length)}**`],
    ['**not as it was**', `**${number(outcome.changes.length)}**`],
  ];
  const head =
    '| memory, MiB | before | after | per minute in the second half, KiB | at most |\n|---|---:|---:|---:|---:|';
  const lines = growths(outcome, options).map(
    (growth) =>
      `| ${growth.name} | ${mib(growth.before)} | ${mib(growth.after)} | ${perMinute(growth)} | ${kib(growth.most)} |`,
  );
  return [renderPairs(happened), [head, ...lines].join('\n')].join('\n\n');
}

/** All counts, and what else helps to understand the tables. */
export function renderDetails({ before, after, tally, troubles, warnings }: Outcome): string {
  const names = Object.keys({ ...before.counts, ...after.counts }).sort();
  const counts = names.map((name) => `${name} ${before.counts[name] ?? 0} → ${after.counts[name] ?? 0}`);
  return [
    `Before and after: ${counts.join(', ')}`,
    `Clients: ${renderCounts(tally.done)}`,
    `Cut short: ${renderCounts(tally.troubles)}`,
    `Warnings of the relays: ${renderCounts(warnings)}`,
    ...troubles.map((line) => `Log: ${line}`),
  ].join('\n');
}

function perMinute({ slope: { perMinute: value, error } }: Growth): string {
  if (!Number.isFinite(error)) return 'too few samples';
  return `${(value / KIB).toFixed(0)} ± ${(error / KIB).toFixed(0)}`;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function kib(bytes: number): string {
  return `${Math.round(bytes / KIB).toLocaleString('en-US')} KiB`;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
