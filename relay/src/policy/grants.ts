import type { Identity } from '../auth/identity.js';
import type { Action, Destination } from '../destination.js';
import { AuthError } from '../errors.js';
import { claimOf } from './claims.js';
import { type AccessPolicy, type Decision, isUserSubscription } from './decision.js';
import { NO_HEADERS } from './header-grants.js';
import { fillIn, type Pattern, PatternError, parsePattern } from './pattern.js';
import type { Manageable } from './rule.js';
import { covers, everySegment } from './topic-match.js';

export interface GrantOptions {
  /** The claim, or the path to it (RELAY_GRANTS_CLAIM). */
  readonly claim: string;
  /**
   * `narrow`: the access file and the grants must both allow, for tokens that carry the claim; `widen`: one of them is
   * enough, but what the file denies stays denied (RELAY_GRANTS_MODE).
   */
  readonly mode: 'narrow' | 'widen';
}

type Grants = Readonly<Record<Action, readonly Pattern[]>>;

/** Every frame is compared with each of them. */
const MAX_PATTERNS = 200;
/** Of a pattern that an error repeats, in characters. */
const MAX_SHOWN = 100;

/**
 * The access file together with the rules that tokens carry: `{"subscribe": patterns, "send": patterns}`, patterns as
 * in the access file, each a string or a list. They grant no queue-shaping headers and nothing to manage, and take nobody's
 * own `/user/…` subscriptions away.
 */
export class GrantedPolicy implements AccessPolicy {
  readonly #base: AccessPolicy;
  readonly #options: GrantOptions;
  /** Per identity: parsing costs more than a decision. */
  readonly #read = new WeakMap<Identity, Grants | 'none'>();

  constructor(base: AccessPolicy, options: GrantOptions) {
    this.#base = base;
    this.#options = options;
  }

  /**
   * For sign-in and refresh: what cannot be read must not become a session with more rights than it was meant to have.
   * @throws AuthError ERR_TOKEN_GRANTS that says which pattern is wrong
   */
  check(identity: Identity): void {
    this.#grantsOf(identity);
  }

  decide(action: Action, destination: Destination, identity: Identity): Decision {
    const grants = this.#grantsOf(identity);
    if (grants === 'none' || isUserSubscription(action, destination)) {
      return this.#base.decide(action, destination, identity);
    }
    return this.#options.mode === 'narrow'
      ? this.#narrow(grants, action, destination, identity)
      : this.#widen(grants, action, destination, identity);
  }

  mayManage(what: Manageable, identity: Identity): Decision {
    return this.#base.mayManage(what, identity);
  }

  /** The grants before the file: a dry run lets through what the file denies, never what the token itself withholds. */
  #narrow(grants: Grants, action: Action, destination: Destination, identity: Identity): Decision {
    if (findPattern(grants[action], destination, identity) === undefined) {
      const { claim } = this.#options;
      return { allowed: false, rule: undefined, headers: NO_HEADERS, grants: { claim } };
    }
    return this.#base.decide(action, destination, identity);
  }

  #widen(grants: Grants, action: Action, destination: Destination, identity: Identity): Decision {
    const decision = this.#base.decide(action, destination, identity);
    // With a rule it is one that denies, and that is the last word.
    if (decision.allowed || decision.rule !== undefined) return decision;
    const pattern = findPattern(grants[action], destination, identity);
    if (pattern === undefined) return decision;
    const { claim } = this.#options;
    return { allowed: true, rule: undefined, headers: NO_HEADERS, grants: { claim, pattern: pattern.text } };
  }

  #grantsOf(identity: Identity): Grants | 'none' {
    let grants = this.#read.get(identity);
    if (grants === undefined) {
      grants = readGrants(identity, this.#options.claim);
      this.#read.set(identity, grants);
    }
    return grants;
  }
}

function findPattern(
  patterns: readonly Pattern[],
  { kind, words }: Destination,
  identity: Identity,
): Pattern | undefined {
  return patterns.find((pattern) => {
    if (pattern.kind !== kind) return false;
    const filled = fillIn(pattern, identity, 'fail');
    return filled !== undefined && everySegment(covers, filled, words);
  });
}

function readGrants(identity: Identity, claim: string): Grants | 'none' {
  const value = claimOf(identity, claim);
  if (value === undefined) return 'none';
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw unreadable(claim, 'must be an object such as {"subscribe": ["/topic/news.#"], "send": []}');
  }
  // A key that is misspelt would grant less than was meant, or, narrowed by nothing, be thought to grant.
  if (Object.keys(value).some((key) => key !== 'subscribe' && key !== 'send')) {
    throw unreadable(claim, 'has a key other than "subscribe" and "send"');
  }
  const lists = value as Partial<Record<Action, unknown>>;
  const subscribe = textsOf(claim, 'subscribe', lists.subscribe);
  const send = textsOf(claim, 'send', lists.send);
  if (subscribe.length + send.length > MAX_PATTERNS) {
    throw unreadable(claim, `has more than ${MAX_PATTERNS} patterns`);
  }
  return {
    subscribe: subscribe.map((text) => readPattern(claim, 'subscribe', text)),
    send: send.map((text) => readPattern(claim, 'send', text)),
  };
}

function textsOf(claim: string, action: Action, value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  if (items.every((item) => typeof item === 'string')) return items;
  throw unreadable(claim, `has something in "${action}" that is no string: list destination patterns`);
}

function readPattern(claim: string, action: Action, text: string): Pattern {
  try {
    return parsePattern(text, action);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    // The error repeats the pattern, whose length is up to the token.
    const what =
      text.length > MAX_SHOWN ? `${JSON.stringify(text.slice(0, MAX_SHOWN))}… is no pattern` : error.message;
    throw unreadable(claim, `has a wrong pattern in "${action}": ${what}`);
  }
}

function unreadable(claim: string, what: string): AuthError {
  return new AuthError(
    'ERR_TOKEN_GRANTS',
    `the grants in the token cannot be read: claim "${claim}" ${what}`,
  );
}
