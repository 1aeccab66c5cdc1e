import { AuthError, type RelayError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Identity } from './identity.js';
import type { DatedRevocation } from './revocation.js';
import { Revocations } from './revocations.js';

/** Something that a user holds open. */
export interface Held {
  /** Undefined while nobody has signed in. */
  readonly identity: Identity | undefined;
  fail(error: RelayError): void;
}

export interface SignOutOptions {
  readonly revocations: Revocations;
  readonly sessions: Iterable<Held>;
  /** Takes back the tickets of identities that `isOut` names. */
  dropTickets(isOut: (identity: Identity) => boolean): void;
  /** Has one token refused by all relays, also by those that start later. */
  revokeEverywhere(revocation: DatedRevocation): void;
  readonly log: Logger;
}

/**
 * Ends what was opened with tokens that are revoked now. Revocations are collected and applied together: sessions are
 * many, and a relay that was away can meet thousands of revocations at once.
 */
export class SignOut {
  private fresh: Revocations | undefined;

  constructor(private readonly options: SignOutOptions) {}

  /** From now on the tokens that it is about are refused; sessions end at the next `apply`. */
  add(revocation: DatedRevocation): void {
    const { revocations } = this.options;
    // What was known before has been applied: whoever has come since then has come with a new token.
    if (!revocations.add(revocation)) return;
    this.fresh ??= new Revocations({ time: Number.POSITIVE_INFINITY });
    this.fresh.add(revocation);
  }

  /** As `add`, for what was applied here when it was first heard of. */
  remember(revocation: DatedRevocation): void {
    this.options.revocations.add(revocation);
  }

  /** Ends sessions and tickets; how many sessions by the key of the revocation (see `keyOf`). */
  apply(): ReadonlyMap<string, number> {
    const { fresh } = this;
    const ended = new Map<string, number>();
    if (!fresh) return ended;
    this.fresh = undefined;
    const { revocations, sessions, dropTickets, log } = this.options;
    for (const session of [...sessions]) {
      const { identity } = session;
      const key = identity && fresh.ends(identity);
      if (identity === undefined || key === undefined) continue;
      ended.set(key, (ended.get(key) ?? 0) + 1);
      if (!revocations.refuses(identity)) this.refuseToken(identity);
      try {
        session.fail(revoked());
      } catch (error) {
        // The others must end all the same.
        log.error({ err: error }, 'a session could not be ended');
      }
    }
    dropTickets((identity) => {
      if (fresh.ends(identity) === undefined) return false;
      if (!revocations.refuses(identity)) this.refuseToken(identity);
      return true;
    });
    return ended;
  }

  /** Its time does not tell it from a token that is issued after the revocation, within the same second. */
  private refuseToken({ tokenId, expiresAt }: Identity): void {
    const at = Math.floor(Date.now() / 1000);
    const exp = expiresAt === undefined ? {} : { exp: Math.ceil(expiresAt / 1000) };
    const revocation = { jti: tokenId, at, ...exp };
    this.options.revocations.add(revocation);
    this.options.revokeEverywhere(revocation);
  }
}

export function revoked(): AuthError {
  return new AuthError('ERR_REVOKED', 'this token was revoked: sign in again', 'revoked');
}
