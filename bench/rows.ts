import type { PerSide } from './context.js';
import { type Summary, summarize } from './statistics.js';

/** One line of the result. */
export interface Row {
  id: string;
  label: string;
  unit: string;
  /** Decimals that make sense to show. */
  digits: number;
  direct?: Summary;
  relay?: Summary;
  /** How many times better than direct; in rows of `strainRow`, how many times worse than in peace. */
  ratio?: number;
  /** Undefined when the issue sets none. */
  goal?: string;
  met?: boolean;
  /** For the JSON file: how it was measured. */
  details?: Record<string, unknown>;
}

type Head = Pick<Row, 'id' | 'label' | 'unit' | 'digits'> & { details?: Record<string, unknown> };

/** A rate on both sides: the relay is to be at least `goal` times as fast. */
export function rateRow(head: Head, rates: PerSide<number>, goal: number): Row {
  const direct = summarize(rates.direct);
  const relay = summarize(rates.relay);
  const ratio = relay.median / direct.median;
  return { ...head, direct, relay, ratio, goal: `≥ ${goal}x`, met: ratio >= goal };
}

/** What only the relay does: it is to reach at least `goal`. */
export function reachRow(head: Head, reached: number[], goal?: { least: number; text: string }): Row {
  const relay = summarize(reached);
  return goal ? { ...head, relay, goal: goal.text, met: relay.median >= goal.least } : { ...head, relay };
}

/** A cost on both sides: less is better, and the relay's is to be at most `goal`. */
export function costRow(
  head: Head,
  costs: Partial<PerSide<number>>,
  goal?: { most: number; text: string },
): Row {
  const row: Row = { ...head };
  if (costs.direct?.length) row.direct = summarize(costs.direct);
  if (costs.relay?.length) row.relay = summarize(costs.relay);
  // A cost of about nothing makes a ratio without meaning.
  if (row.direct && row.relay && row.relay.median > 0.01 * row.direct.median) {
    row.ratio = row.direct.median / row.relay.median;
  }
  if (goal && row.relay) {
    row.goal = goal.text;
    row.met = row.relay.median <= goal.most;
  }
  return row;
}

/** A figure of the relay under attack: it is to be at most `most` times what it was in peace. */
export function strainRow(head: Head, peace: number[], attack: number[], most: number): Row {
  const relay = summarize(attack);
  const ratio = relay.median / summarize(peace).median;
  return { ...head, relay, ratio, goal: `≤ ${most}x`, met: ratio <= most };
}
