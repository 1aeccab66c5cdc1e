import type { Rule } from '../rule.js';
import type { Warning } from './shape.js';

/** Rules whose `slow` does not count for all that they allow. */
export function findVainSlow(rules: readonly Rule[]): Warning[] {
  return rules.flatMap(({ slow, headers, line, column }) => {
    if (slow === undefined || slow.policy === 'disconnect' || headers.size === 0) return [];
    const message =
      '"slow" does not count for subscriptions with "headers": they have a link of their own, on which nothing is dropped';
    return [{ line, column, message }];
  });
}
