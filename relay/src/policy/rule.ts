import type { Identity } from '../auth/identity.js';
import { type Condition, claimOf, fulfils } from './claims.js';
import type { HeaderGrants } from './header-grants.js';
import type { Pattern } from './pattern.js';
import type { Slow } from './slow.js';

/** What somebody may do besides sending and subscribing. */
export const MANAGEABLE = ['sessions', 'explain', 'broker', 'logs'] as const;

/**
 * - `sessions`: end other users' sessions
 * - `explain`: ask what another user may do
 * - `broker`: see the broker's management pages
 * - `logs`: change how much the relays log
 */
export type Manageable = (typeof MANAGEABLE)[number];

/** Where something stands in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface PlacedPattern extends Pattern, Place {}

/** One rule of an access file, read and checked. */
export interface Rule extends Place {
  readonly name: string | undefined;
  /** A rule that denies beats every rule that allows. */
  readonly deny: boolean;
  /** All must hold. `roles:` of the file is here too, as a condition on the roles claim. */
  readonly when: readonly { readonly claim: string; readonly condition: Condition }[];
  readonly subscribe: readonly PlacedPattern[];
  readonly send: readonly PlacedPattern[];
  readonly manage: readonly Manageable[];
  /** Queue-shaping headers that may go with what the rule allows. */
  readonly headers: HeaderGrants;
  /** What becomes of messages for clients that do not keep up; undefined when the rule has no say in it. */
  readonly slow: Slow | undefined;
}

export function applies(rule: Rule, identity: Identity): boolean {
  return rule.when.every(({ claim, condition }) => fulfils(claimOf(identity, claim), condition));
}
