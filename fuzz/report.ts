import { renderCounts, renderPairs } from '../bench/table.js';
import type { CodecFigures, Finding } from './codec/run.js';
import type { LiveFigures } from './live/run.js';
import type { Options } from './options.js';

/** A part that was left out is undefined. */
export interface Outcome {
  codec: CodecFigures | undefined;
  live: LiveFigures | undefined;
  seconds: { codec: number; live: number };
}

/** What was asked of the run and is not so; empty when all is well. */
export function failures({ codec, live }: Outcome, options: Options): string[] {
  const found: string[] = [];
  if (codec && codec.failures > 0) found.push(`${codec.failures} cases at the codec failed`);
  const cases = options.only ? 1 : options.codec;
  if (codec && codec.cases < cases) found.push(`only ${codec.cases} of ${cases} cases were run in the time`);
  if (live) found.push(...live.violations);
  if (live && !options.only && live.frames < options.live) {
    found.push(`only ${live.frames} of ${options.live} frames were written in the time`);
  }
  return found;
}

/** The result as a Markdown table. */
export function renderTable({ codec, live, seconds }: Outcome): string {
  const rows: [string, string][] = [];
  if (codec) {
    rows.push(
      ['**cases at the codec**', `**${number(codec.cases)}**`],
      ...Object.entries(codec.counts)
        .sort(([, a], [, b]) => b - a)
        .map(([name, count]): [string, string] => [`… ${name}`, number(count)]),
      ['slowest case', `${codec.slowest.milliseconds.toFixed(0)} ms, ${codec.slowest.case}`],
      ['failed', number(codec.failures)],
      ['seconds', seconds.codec.toFixed(0)],
    );
  }
  if (live) {
    const { bystander, memory } = live;
    rows.push(
      ['**frames at a live relay**', `**${number(live.frames)}**`],
      ['… hostile through and through', number(live.hostile)],
      ['… that the relay took for frames', number(live.framesIn)],
      ['clients', number(live.clients)],
      [
        'MESSAGE, RECEIPT, ERROR to them',
        ['MESSAGE', 'RECEIPT', 'ERROR'].map((name) => number(live.received[name] ?? 0)).join(', '),
      ],
      ['messages of theirs at the broker, each looked at', number(sum(live.audited))],
      [
        'bystander: published, received once and in order',
        `${number(bystander.published)}, ${number(bystander.received)}`,
      ],
      ['bystander: longest delay', `${number(bystander.slowest)} ms`],
      ['relay: heap before and after', `${mib(memory.heapBefore)}, ${mib(memory.heapAfter)} MiB`],
      ['relay: resident before, at most', `${mib(memory.residentBefore)}, ${mib(memory.residentMost)} MiB`],
      ['what must not be', number(live.violations.length)],
      ['seconds of writing, in all', `${live.seconds.toFixed(0)}, ${seconds.live.toFixed(0)}`],
    );
  }
  return renderPairs(rows);
}

/** What else helps to understand the table. */
export function renderDetails({ live }: Outcome): string {
  if (!live) return '';
  return [
    `Answers to the handshake: ${renderCounts(live.statuses)}`,
    `Ends by close code: ${renderCounts(live.closes)}`,
    `ERROR frames: ${renderCounts(live.errors)}`,
    `Messages at the broker: ${renderCounts(live.audited)}`,
    `Warnings in the relay's log: ${renderCounts(live.warnings)}`,
  ].join('\n');
}

/** A failed case, with everything that is needed to see it again. */
export function renderFinding({ target, seed, number: which, message, input, hex, setup }: Finding): string {
  return [
    `FAILED ${target}: ${message}`,
    `  input   ${input.slice(0, 1000)}`,
    `  hex     ${hex}`,
    `  setup   ${setup}`,
    `  again   npm run fuzz -- --seed ${seed} --case codec:${which}`,
  ].join('\n');
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function number(value: number): string {
  return value.toLocaleString('en');
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
