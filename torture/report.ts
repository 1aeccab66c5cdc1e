import { renderCounts, renderPairs } from '../bench/table.js';
import type { Options } from './options.js';
import type { Outcome } from './run.js';
import { ALL_KINDS } from './schedule.js';

const MOST_LOST_SHOWN = 40;
/** A fault can do harm until long after it: the queue of a dead relay lives on. */
const SUSPECT_SECONDS = 30;

/** What was asked of the run and is not so; empty when all is well. */
export function failures(outcome: Outcome, options: Options): string[] {
  const { figures, faults, unconfirmed, crashes, drained, tally } = outcome;
  const found: string[] = [];
  if (figures.lost.length > 0) found.push(`${figures.lost.length} confirmed messages were lost`);
  const repeated = (figures.duplicates - outcome.duplicatesBlind) / Math.max(1, figures.published);
  if (repeated >= options.mostDuplicates) {
    found.push(
      `${percent(repeated)} came more than once without good reason; less than ${percent(options.mostDuplicates)} may`,
    );
  }
  if (faults.length < options.faults) {
    found.push(`only ${faults.length} of ${options.faults} faults happened in the time`);
  }
  if (figures.published < options.messages) {
    found.push(`only ${figures.published} of ${options.messages} messages were published in the time`);
  }
  if (unconfirmed > 0) found.push(`the broker never confirmed ${unconfirmed} messages`);
  if (crashes.length > 0)
    found.push(`a relay ended by itself ${crashes.length} times:\n${crashes.join('\n')}`);
  if (tally.foreign.length > 0) found.push(`messages that are not theirs:\n${tally.foreign.join('\n')}`);
  if (drained.left.length > 0) {
    const queues = drained.left.map(({ name, messages }) => `  ${name} ${messages}`);
    found.push(`in the end the broker still held\n${queues.slice(0, 20).join('\n')}`);
  }
  if (drained.rejected > 0) found.push(`${drained.rejected} messages were refused as unread mail`);
  return found;
}

/** The result as a Markdown table. */
export function renderTable({ figures, faults, tally, seconds, duplicatesBlind }: Outcome): string {
  const { received, duplicates, publishersOwn } = figures;
  const kinds = ALL_KINDS.map((kind) => `${kind} ${faults.filter((fault) => fault.kind === kind).length}`);
  const rows: [string, string][] = [
    ['published and confirmed', number(figures.published)],
    ['published again, because unconfirmed', number(figures.repeated)],
    ['received live', number(received.live)],
    ['received unread, pulled over HTTP', number(received.pulled)],
    ['received unread, replayed on SUBSCRIBE', number(received.replayed)],
    ['duplicates', `${number(duplicates)} (${percent(figures.duplicateShare)})`],
    ['… which the publisher may have made', number(publishersOwn)],
    ['… of relays that died during an outage', number(duplicatesBlind)],
    ['steps back in a live stream', number(tally.disordered)],
    ['faults', `${faults.length} (${kinds.join(', ')})`],
    ['seconds of publishing, of ending', `${seconds.publishing.toFixed(0)}, ${seconds.ending.toFixed(0)}`],
    ['**lost**', `**${number(figures.lost.length)}**`],
  ];
  return renderPairs(rows);
}

/** Every fault with its time, and what else helps to understand the table. */
export function renderDetails({ figures, faults, duplicatesNear, tally }: Outcome): string {
  const lines = faults.map(
    ({ what, from, until }, index) =>
      `  ${index + 1}  ${time(from)}, ${((until - from) / 1000).toFixed(1)} s: ${what}; duplicates near it: ${duplicatesNear[index]}`,
  );
  return [
    'Faults:',
    ...lines,
    `Duplicates by the ways that the copies came: ${renderCounts(figures.duplicatesByRoute)}`,
    `Connections that ended, by close code: ${renderCounts(tally.closes)}`,
    `Attempts to pull that failed: ${renderCounts(tally.pullTroubles)}`,
  ].join('\n');
}

/** The lost messages, each with the faults that had begun in the time before. */
export function renderLost({ figures, faults }: Outcome): string {
  const lines = figures.lost.slice(0, MOST_LOST_SHOWN).map((lost) => {
    const before = faults
      .map(({ kind, from }, index) => ({
        name: `${index + 1} ${kind}`,
        age: (lost.confirmedAt - from) / 1000,
      }))
      .filter(({ age }) => age > 0 && age < SUSPECT_SECONDS)
      .map(({ name, age }) => `${age.toFixed(2)} s after fault ${name}`);
    const took = Math.round(lost.confirmedAt - lost.publishedAt);
    const attempts = lost.attempts > 1 ? `, attempts: ${lost.attempts}` : '';
    return `  message ${lost.number} for user ${lost.user}, published ${time(lost.publishedAt)}, confirmed ${took} ms later${attempts}; ${before.join(', ') || 'no fault before'}`;
  });
  const more = figures.lost.length - lines.length;
  return ['Lost:', ...lines, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n');
}

function time(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(11, 23);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
