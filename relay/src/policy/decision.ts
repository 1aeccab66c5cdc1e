import type { Identity } from '../auth/identity.js';
import type { Action, Destination } from '../destination.js';
import { type HeaderGrants, NO_HEADERS } from './header-grants.js';
import type { Manageable } from './rule.js';
import type { Slow } from './slow.js';

export interface Decision {
  readonly allowed: boolean;
  /** The first rule that allows, or the one that denies; undefined when no rule was needed or none applies. */
  readonly rule: { readonly line: number; readonly name?: string } | undefined;
  /** Queue-shaping headers that all allowing rules together grant on a private link. */
  readonly headers: HeaderGrants;
  /** What becomes of messages when the client does not keep up; undefined where no rule says it. */
  readonly slow?: Slow | undefined;
  /** Present when the grants in the token decided: the claim, and the pattern that allows (none: they do not cover it). */
  readonly grants?: { readonly claim: string; readonly pattern?: string };
  /** Present when only a dry run lets it through; `rule` is then the one that denies. */
  readonly dryRun?: true;
}

/** What says who may do what. */
export interface AccessPolicy {
  /** @throws AuthError ERR_TOKEN_GRANTS when the token's own grants cannot be read */
  decide(action: Action, destination: Destination, identity: Identity): Decision;
  mayManage(what: Manageable, identity: Identity): Decision;
}

/** Nothing applies. */
export const DENIED: Decision = { allowed: false, rule: undefined, headers: NO_HEADERS };

/** Everybody's own `/user/…` subscriptions, which are no matter of rules. */
export const OWN: Decision = { allowed: true, rule: undefined, headers: NO_HEADERS };

/** Whether this is a subscription to somebody's `/user/…`. */
export function isUserSubscription(action: Action, destination: Destination): boolean {
  return action === 'subscribe' && destination.kind === 'user';
}
