import type { Identity } from '../auth/identity.js';
import type { Action, Destination, DestinationKind } from '../destination.js';
import { type Condition, claimOf, fulfils } from './claims.js';
import { fillIn, type Pattern } from './pattern.js';
import { covers, overlaps } from './topic-match.js';

/** One rule of an access file, read and checked. */
export interface Rule {
  /** Where it stands in the file, counting from 1. */
  readonly line: number;
  readonly name: string | undefined;
  /** A rule that denies beats every rule that allows. */
  readonly deny: boolean;
  /** All must hold. */
  readonly when: readonly { readonly claim: string; readonly condition: Condition }[];
  readonly subscribe: readonly Pattern[];
  readonly send: readonly Pattern[];
  /** Queue-shaping headers that may go with what the rule allows. */
  readonly headers: ReadonlySet<string>;
}

export interface Decision {
  readonly allowed: boolean;
  /** The first rule that allows, or the one that denies; undefined when no rule was needed or none applies. */
  readonly rule: { readonly line: number; readonly name?: string } | undefined;
  /** Queue-shaping headers (lower case) that all allowing rules together grant on a private link. */
  readonly headers: ReadonlySet<string>;
}

interface Entry {
  readonly rule: Rule;
  readonly pattern: Pattern;
}

/** For one action and kind of destination. */
interface Entries {
  readonly deny: Entry[];
  readonly allow: Entry[];
}

const NO_HEADERS: ReadonlySet<string> = new Set();
const OWN: Decision = { allowed: true, rule: undefined, headers: NO_HEADERS };
const DENIED: Decision = { allowed: false, rule: undefined, headers: NO_HEADERS };

/** Who may subscribe and send where. Denies by default; immutable. */
export class Policy {
  readonly #entries: Readonly<Record<Action, Map<DestinationKind, Entries>>> = {
    subscribe: new Map(),
    send: new Map(),
  };

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
}

/** Allows only the client's own `/user/…` subscriptions. */
export const emptyPolicy = new Policy([]);

function allow(entries: readonly Entry[], destination: Destination, identity: Identity): Decision {
  let first: Rule | undefined;
  let headers = NO_HEADERS;
  for (const { rule, pattern } of entries) {
    if (first !== undefined && rule.headers.size === 0) continue;
    if (!matches(covers, fillIn(pattern, identity, 'fail'), destination) || !applies(rule, identity))
      continue;
    first ??= rule;
    if (rule.headers.size > 0)
      headers = headers.size === 0 ? rule.headers : new Set([...headers, ...rule.headers]);
  }
  return first === undefined ? DENIED : { allowed: true, rule: naming(first), headers };
}

function matches(
  test: typeof covers,
  pattern: readonly (readonly string[])[] | undefined,
  destination: Destination,
): boolean {
  return pattern?.every((words, i) => test(words, destination.words[i] ?? [])) === true;
}

function applies(rule: Rule, identity: Identity): boolean {
  return rule.when.every(({ claim, condition }) => fulfils(claimOf(identity, claim), condition));
}

function naming(rule: Rule): { line: number; name?: string } {
  return rule.name === undefined ? { line: rule.line } : { line: rule.line, name: rule.name };
}
