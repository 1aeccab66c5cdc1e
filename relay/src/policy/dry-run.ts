import type { Identity } from '../auth/identity.js';
import type { Action, Destination } from '../destination.js';
import { type AccessPolicy, type Decision, isUserSubscription } from './decision.js';
import type { Decider, LetThrough } from './permit.js';
import type { Manageable } from './rule.js';

/**
 * Lets through what the access file does not allow, and says so: to see what a new file would break before it does.
 *
 * Never let through: another user's `/user/…`; what the token's own grants withhold, or grants that cannot be read;
 * `/reply-queue/…`, where knowing a name would be enough to answer in a service's place; anything to manage. Reserved
 * names are no destinations in the first place, and queue-shaping headers stay those that rules grant.
 */
export class DryRunPolicy implements AccessPolicy, Decider {
  readonly #base: AccessPolicy;
  readonly onLetThrough: (what: LetThrough) => void;

  constructor(base: AccessPolicy, onLetThrough: (what: LetThrough) => void) {
    this.#base = base;
    this.onLetThrough = onLetThrough;
  }

  decide(action: Action, destination: Destination, identity: Identity): Decision {
    const decision = this.#base.decide(action, destination, identity);
    if (decision.allowed || decision.grants !== undefined) return decision;
    if (isUserSubscription(action, destination) || destination.kind === 'reply-queue') return decision;
    return { ...decision, allowed: true, dryRun: true };
  }

  mayManage(what: Manageable, identity: Identity): Decision {
    return this.#base.mayManage(what, identity);
  }
}
