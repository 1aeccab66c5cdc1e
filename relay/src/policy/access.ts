import type { Identity } from '../auth/identity.js';
import type { AccessPolicy } from './decision.js';
import { DryRunPolicy } from './dry-run.js';
import { GrantedPolicy, type GrantOptions } from './grants.js';
import type { Decider, LetThrough } from './permit.js';

export interface AccessOptions {
  /** Undefined: tokens carry no grants. */
  readonly grants?: GrantOptions | undefined;
  /** Present: nothing is denied that a rule could allow; is told of what would have been. */
  readonly onLetThrough?: ((what: LetThrough) => void) | undefined;
}

/** Everything that has a say in what clients may do. */
export interface Access extends AccessPolicy, Decider {
  /** For sign-in and refresh. @throws AuthError ERR_TOKEN_GRANTS */
  checkGrants(identity: Identity): void;
}

/** Puts the access file, the grants in tokens and the dry run together. */
export function createAccess(file: AccessPolicy, { grants, onLetThrough }: AccessOptions): Access {
  const granted = grants && new GrantedPolicy(file, grants);
  const strict = granted ?? file;
  const policy = onLetThrough ? new DryRunPolicy(strict, onLetThrough) : strict;
  return {
    decide: (action, destination, identity) => policy.decide(action, destination, identity),
    mayManage: (what, identity) => policy.mayManage(what, identity),
    checkGrants: (identity) => granted?.check(identity),
    ...(onLetThrough ? { onLetThrough } : {}),
  };
}
