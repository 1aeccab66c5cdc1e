import type { Identity } from '../auth/identity.js';
import type { Action, Destination } from '../destination.js';
import { ForbiddenError } from '../errors.js';
import type { AccessPolicy, Decision } from './decision.js';

/** What a dry run let through. */
export interface LetThrough {
  readonly user: string;
  readonly action: Action;
  /** As the client wrote it. */
  readonly destination: string;
  /** The line of the rule that denies it; undefined when no rule allows it. */
  readonly line: number | undefined;
}

/** What decides: the policy, or in a test something smaller. */
export interface Decider extends Pick<AccessPolicy, 'decide'> {
  /** Is told of what would have been denied. */
  readonly onLetThrough?: (what: LetThrough) => void;
}

/** @throws ForbiddenError when no rule lets this user do it, or one denies it. */
export function permit(
  policy: Decider,
  identity: Identity,
  action: Action,
  destination: Destination,
): Decision {
  const decision = policy.decide(action, destination, identity);
  if (decision.dryRun) {
    const { text } = destination;
    policy.onLetThrough?.({ user: identity.user, action, destination: text, line: decision.rule?.line });
  }
  if (decision.allowed) return decision;
  const what = action === 'send' ? 'send to' : 'subscribe to';
  throw new ForbiddenError(
    `not allowed to ${what} ${destination.text}`,
    whyNot(decision, what, destination.text),
    { action, destination: destination.text },
  );
}

function whyNot({ rule, grants }: Decision, what: string, text: string): string {
  if (grants !== undefined) return `The grants in the token (claim ${grants.claim}) do not cover it.`;
  if (rule !== undefined) return `The access file denies it in line ${rule.line}.`;
  return `No rule of the access file lets this user ${what} ${text}.`;
}
