import { readdir } from 'node:fs/promises';
import type { Management } from '../bench/management.js';
import { lookInside } from './inspector.js';
import type { SoakedRelay } from './relay.js';

/** What must be as it was once all clients are gone, and what must not grow. */
export interface Look {
  /** Since the start of the run. */
  seconds: number;
  /** By name, with the relay's number in front where it is a relay's. */
  counts: Record<string, number>;
  relays: { heapBytes: number; externalBytes: number; residentBytes: number }[];
  /** Erlang's virtual machine without messages and the log of its quorum queues, which grows and shrinks by itself. */
  brokerBytes: number;
}

/** Of the relay's own figures, those that count what it holds for clients. */
const HELD =
  /^relay_(sessions|user_routes|topic_feeds|unread_leases|tickets|subscriptions|unconfirmed|private_links)\b/;

const OPEN = 'open ';

export async function look(
  relays: readonly SoakedRelay[],
  management: Management,
  startedAt: number,
): Promise<Look> {
  const counts: Record<string, number> = {};
  const memory = await Promise.all(
    relays.map(async (relay, index) => {
      const inside = await lookInside(relay.inspector);
      const prefix = `relay ${index}: `;
      counts[`${prefix}${OPEN}files`] = (await readdir(`/proc/${relay.process.pid}/fd`)).length;
      for (const [kind, count] of Object.entries(inside.resources)) counts[`${prefix}${OPEN}${kind}`] = count;
      Object.assign(counts, await held(relay.process.url, prefix));
      const { heapBytes, externalBytes } = inside;
      return { heapBytes, externalBytes, residentBytes: relay.process.memory() };
    }),
  );
  for (const [name, count] of Object.entries(await management.totals())) counts[`broker: ${name}`] = count;
  return {
    seconds: (performance.now() - startedAt) / 1000,
    counts,
    relays: memory,
    brokerBytes: await management.memoryWithoutLogs(),
  };
}

/** The gauges of a relay that count what it holds, summed over their labels. */
async function held(url: string, prefix: string): Promise<Record<string, number>> {
  const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(20_000) });
  const sums: Record<string, number> = {};
  for (const [, name = '', value] of (await response.text()).matchAll(
    /^([a-z_]+)(?:\{[^}]*\})? ([0-9.e+-]+)$/gm,
  )) {
    if (HELD.test(name)) sums[prefix + name] = (sums[prefix + name] ?? 0) + Number(value);
  }
  return sums;
}

/** A relay looks for mailboxes on channels that the broker closes when there is none, and opens them anew when it looks again. */
const PROBING_CHANNELS = 12;
const CHANNELS = 'broker: channels';

/** What is not as it was before, with both counts. Of what a relay holds open, there may be less. */
export function changes(before: Look, after: Look): string[] {
  const names = new Set([...Object.keys(before.counts), ...Object.keys(after.counts)]);
  return [...names].flatMap((name) => {
    const [was, is] = [before.counts[name] ?? 0, after.counts[name] ?? 0];
    if (name === CHANNELS && Math.abs(is - was) <= PROBING_CHANNELS * before.relays.length) return [];
    return is > was || (is < was && !name.includes(OPEN)) ? [`${name} ${was} → ${is}`] : [];
  });
}
