import type { Identity } from '../auth/identity.js';
import type { Action, Destination, DestinationKind } from '../destination.js';
import { type AccessPolicy, DENIED, type Decision, OWN } from './decision.js';
import { mergeGrants, NO_HEADERS } from './header-grants.js';
import { fillIn, type Pattern } from './pattern.js';
import { applies, type Manageable, type Rule } from './rule.js';
import type { Slow } from './slow.js';
import { covers, everySegment, overlaps } from './topic-match.js';

export type { Decision } from './decision.js';

interface Entry {
  readonly rule: Rule;
  readonly pattern: Pattern;
}

/** For one action and kind of destination. */
interface Entries {
  readonly deny: Entry[];
  readonly allow: Entry[];
}

/** Who may subscribe and send where. Denies by default; immutable. */
export class Policy implements AccessPolicy {
  readonly #entries: Readonly<Record<Action, Map<DestinationKind, Entries>>> = {
    subscribe: new Map(),
    send: new Map(),
  };
  readonly #managing: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    for (const rule of rules) {
      for (const action of ['subscribe', 'send'] as const) {
        for (const pattern of rule[action]) {
          const entries = this.#entries[action].get(pattern.kind) ?? { deny: [], allow: [] };
          this.#entries[action].set(pattern.kind, entries);
          entries[rule.deny ? 'deny' : 'allow'].push({ rule, pattern });
        }
      }
    }
    this.#managing = rules.filter(({ manage }) => manage.length > 0);
  }

  /**
   * Decides one SUBSCRIBE or SEND. A subscription with wildcards needs a single pattern that covers all of it, and is
   * denied when any part of it is. A client's own `/user/…` subscription needs no rule, another's is never allowed.
   * For the temporary queue of a `reply-to`, ask with the action `send`.
   */
  decide(action: Action, destination: Destination, identity: Identity): Decision {
    if (action === 'subscribe' && destination.kind === 'user') {
      return destination.userWord === identity.userWord ? OWN : DENIED;
    }
    const entries = this.#entries[action].get(destination.kind);
    if (entries === undefined) return DENIED;
    for (const { rule, pattern } of entries.deny) {
      if (matches(overlaps, fillIn(pattern, identity, 'any'), destination) && applies(rule, identity)) {
        return { allowed: false, rule: naming(rule), headers: NO_HEADERS };
      }
    }
    return allow(entries.allow, destination, identity);
  }

  /** Decides what is neither SUBSCRIBE nor SEND. Nobody may without a rule. */
  mayManage(what: Manageable, identity: Identity): Decision {
    const rules = this.#managing.filter((rule) => rule.manage.includes(what) && applies(rule, identity));
    const rule = rules.find(({ deny }) => deny) ?? rules[0];
    if (rule === undefined) return DENIED;
    return { allowed: !rule.deny, rule: naming(rule), headers: NO_HEADERS };
  }
}

/** Allows only the client's own `/user/…` subscriptions. */
export const emptyPolicy = new Policy([]);

function allow(entries: readonly Entry[], destination: Destination, identity: Identity): Decision {
  let first: Rule | undefined;
  let headers = NO_HEADERS;
  let slow: Slow | undefined;
  for (const { rule, pattern } of entries) {
    const adds = rule.headers.size > 0 || (slow === undefined && rule.slow !== undefined);
    if (first !== undefined && !adds) continue;
    if (!matches(covers, fillIn(pattern, identity, 'fail'), destination) || !applies(rule, identity))
      continue;
    first ??= rule;
    headers = mergeGrants(headers, rule.headers);
    slow ??= rule.slow;
  }
  return first === undefined ? DENIED : { allowed: true, rule: naming(first), headers, slow };
}

function matches(
  test: typeof covers,
  pattern: readonly (readonly string[])[] | undefined,
  { words }: Destination,
): boolean {
  return pattern !== undefined && everySegment(test, pattern, words);
}

function naming(rule: Rule): { line: number; name?: string } {
  return rule.name === undefined ? { line: rule.line } : { line: rule.line, name: rule.name };
}
