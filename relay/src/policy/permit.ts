import type { Identity } from '../auth/identity.js';
import type { Action, Destination } from '../destination.js';
import { ForbiddenError } from '../errors.js';
import type { Decision, Policy } from './policy.js';

/** What decides: the policy, or in a test something smaller. */
export type Decider = Pick<Policy, 'decide'>;

/** @throws ForbiddenError when no rule lets this user do it, or one denies it. */
export function permit(
  policy: Decider,
  identity: Identity,
  action: Action,
  destination: Destination,
): Decision {
  const decision = policy.decide(action, destination, identity);
  if (decision.allowed) return decision;
  const what = action === 'send' ? 'send to' : 'subscribe to';
  throw new ForbiddenError(
    `not allowed to ${what} ${destination.text}`,
    decision.rule
      ? `The access file denies it in line ${decision.rule.line}.`
      : `No rule of the access file lets this user ${what} ${destination.text}.`,
  );
}
