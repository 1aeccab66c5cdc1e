import { createHash } from 'node:crypto';
import type { JWTVerifyOptions } from 'jose';
import { AuthError } from '../errors.js';
import { chooseKeys, type KeyOptions } from './choose-keys.js';
import type { Identity, TokenVerifier } from './identity.js';
import type { KeySource } from './keys.js';
import { MAX_NAME_LENGTH } from './revocation.js';
import { type CheckedToken, checkToken } from './signature.js';
import { userFromClaims } from './user.js';

export { MAX_TOKEN_LENGTH, tokenMissing } from './signature.js';

export interface VerifierOptions extends KeyOptions {
  /** The only `iss` accepted; any when left out. */
  readonly issuer?: string | undefined;
  /** The token's `aud` must name one of these; any when left out. */
  readonly audience?: string | readonly string[] | undefined;
  /** The claim with the user name, or a dotted path to it. Default `sub`. */
  readonly userClaim?: string | undefined;
  /** Clock difference allowed for `exp` and `nbf`, in seconds. Default 5. */
  readonly leewaySeconds?: number | undefined;
  /** Refuse tokens that never end. Default false. */
  readonly requireExp?: boolean | undefined;
  /** Wall clock in milliseconds, for `exp` and `nbf`. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

export interface Verifier extends TokenVerifier {
  /** What an operator should be told at start, one sentence each. Never a secret. */
  readonly warnings: readonly string[];
  /** The algorithms that are accepted. */
  readonly algorithms: readonly string[];
  /** Fetches or imports the keys ahead of the first token. Rejects with ERR_KEYS_UNAVAILABLE. */
  warmUp(): Promise<void>;
}

/** The last second that a JavaScript date can hold; JSON allows an `exp` of 1e400, which reads as infinity. */
const MAX_EXP_SECONDS = 8.64e12;

/**
 * Makes the check for tokens.
 *
 * `verify` rejects with an AuthError, whose message never carries the token or parts of it:
 * ERR_TOKEN_MISSING, ERR_TOKEN_MALFORMED, ERR_TOKEN_ALGORITHM, ERR_TOKEN_SIGNATURE, ERR_TOKEN_EXPIRED (closure
 * `tokenExpired`), ERR_TOKEN_NOT_YET, ERR_TOKEN_AUDIENCE, ERR_TOKEN_ISSUER, ERR_TOKEN_TYPE, ERR_TOKEN_USER, or
 * ERR_KEYS_UNAVAILABLE (closure `internal`: the token may be good; `cause` says for the log what went wrong).
 *
 * @param source the keys, when they check other tokens as well
 * @throws Error naming the setting that is wrong, at creation.
 */
export function createVerifier(options: VerifierOptions, source: KeySource = chooseKeys(options)): Verifier {
  const now = options.now ?? Date.now;
  const userClaim = options.userClaim ?? 'sub';
  if (userClaim === '') throw new Error('RELAY_USER_CLAIM is empty; leave it out to use sub');
  const leeway = options.leewaySeconds ?? 5;
  if (!Number.isFinite(leeway) || leeway < 0) throw new Error('the token leeway must be 0 s or more');
  const wanted: JWTVerifyOptions = {
    clockTolerance: leeway,
    ...(options.issuer === undefined ? {} : { issuer: options.issuer }),
    ...(options.audience === undefined ? {} : { audience: audienceOf(options.audience) }),
    ...(options.requireExp ? { requiredClaims: ['exp'] } : {}),
  };

  return {
    warnings: source.warnings,
    algorithms: source.algorithms,
    warmUp: source.warmUp,
    async verify(token: string): Promise<Identity> {
      const checked = await checkToken(source, token, { ...wanted, currentDate: new Date(now()) });
      refuseEvents(checked);
      const { claims } = checked;
      const { user, userWord } = userFromClaims(claims, userClaim);
      return {
        user,
        userWord,
        claims: Object.freeze(claims),
        expiresAt: expiry(claims.exp),
        tokenId: tokenIdOf(token, claims.jti),
      };
    },
  };
}

/** Types of tokens that report an event and let nobody in (RFC 8417, 2.3; Back-Channel Logout 1.0, 2.4). */
const EVENT_TYPES = new Set(['logout+jwt', 'secevent+jwt']);

/**
 * Refuses what is signed by the right key for another purpose: a logout token has the user's `sub`, and whoever gets
 * hold of one must not get in with it (RFC 8725, 2.8).
 */
function refuseEvents({ claims, type }: CheckedToken): void {
  const { events } = claims;
  const reports = typeof events === 'object' && events !== null && !Array.isArray(events);
  if (!reports && !EVENT_TYPES.has(type ?? '')) return;
  throw new AuthError('ERR_TOKEN_TYPE', 'this is a logout token or the like; send an access token');
}

function tokenIdOf(token: string, jti: unknown): string {
  if (typeof jti === 'string' && jti !== '' && jti.length <= MAX_NAME_LENGTH) return jti;
  return createHash('sha256').update(token).digest('base64url');
}

function audienceOf(audience: string | readonly string[]): string[] {
  const list = typeof audience === 'string' ? [audience] : [...audience];
  if (list.length === 0 || list.includes('')) throw new Error('RELAY_JWT_AUDIENCE has an empty entry');
  return list;
}

/** In milliseconds. No leeway: that is for clocks that differ, not for longer sessions. */
function expiry(exp: number | undefined): number | undefined {
  if (exp === undefined) return undefined;
  if (exp > MAX_EXP_SECONDS) throw new AuthError('ERR_TOKEN_MALFORMED', 'the token\'s "exp" is not a date');
  return Math.floor(exp * 1000);
}
