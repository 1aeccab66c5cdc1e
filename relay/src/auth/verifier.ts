import { createHash } from 'node:crypto';
import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { AuthError } from '../errors.js';
import type { Identity, TokenVerifier } from './identity.js';
import { type JwksTiming, keysUnavailable, remoteKeys } from './jwks.js';
import { type KeySource, publicKey, secretKeys } from './keys.js';
import { userFromClaims } from './user.js';

export interface VerifierOptions {
  /** Shared secret, as UTF-8 text (RELAY_JWT_SECRET). Exactly one of the three key sources must be given. */
  readonly secret?: string | undefined;
  /** PEM, X.509 certificate, or JWK as JSON (RELAY_JWT_PUBLIC_KEY). */
  readonly publicKey?: string | undefined;
  /** Address of a JSON Web Key Set, http or https (RELAY_JWKS_URL). */
  readonly jwksUrl?: string | undefined;
  /** The only `iss` accepted; any when left out. */
  readonly issuer?: string | undefined;
  /** The token's `aud` must name one of these; any when left out. */
  readonly audience?: string | readonly string[] | undefined;
  /** The algorithms accepted; by default those of the key. Never `none`, never HS* with a public key. */
  readonly algorithms?: readonly string[] | undefined;
  /** The claim with the user name, or a dotted path to it. Default `sub`. */
  readonly userClaim?: string | undefined;
  /** Clock difference allowed for `exp` and `nbf`, in seconds. Default 5. */
  readonly leewaySeconds?: number | undefined;
  /** Refuse tokens that never end. Default false. */
  readonly requireExp?: boolean | undefined;
  /** Caching of the key set. */
  readonly jwks?: JwksTiming | undefined;
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

/** Longest token, in characters. */
export const MAX_TOKEN_LENGTH = 16 * 1024;

/** Header, payload, signature (RFC 7515, 7.1). The signature may be empty: `alg: none` gets its own refusal. */
const JWT_SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** The last second that a JavaScript date can hold; JSON allows an `exp` of 1e400, which reads as infinity. */
const MAX_EXP_SECONDS = 8.64e12;

/** Keys of a set that a token without key id is tried with, at most. */
const MAX_CANDIDATE_KEYS = 8;

/**
 * Makes the check for tokens.
 *
 * `verify` rejects with an AuthError, whose message never carries the token or parts of it:
 * ERR_TOKEN_MISSING, ERR_TOKEN_MALFORMED, ERR_TOKEN_ALGORITHM, ERR_TOKEN_SIGNATURE, ERR_TOKEN_EXPIRED (closure
 * `tokenExpired`), ERR_TOKEN_NOT_YET, ERR_TOKEN_AUDIENCE, ERR_TOKEN_ISSUER, ERR_TOKEN_USER, or ERR_KEYS_UNAVAILABLE
 * (closure `internal`: the token may be good; `cause` says for the log what went wrong).
 *
 * @throws Error naming the setting that is wrong, at creation.
 */
export function createVerifier(options: VerifierOptions): Verifier {
  const source = keySource(options);
  const now = options.now ?? Date.now;
  const userClaim = options.userClaim ?? 'sub';
  if (userClaim === '') throw new Error('RELAY_USER_CLAIM is empty; leave it out to use sub');
  const leeway = options.leewaySeconds ?? 5;
  if (!Number.isFinite(leeway) || leeway < 0) throw new Error('the token leeway must be 0 s or more');
  const wanted: JWTVerifyOptions = {
    algorithms: source.algorithms,
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
      if (token === '') throw tokenMissing();
      if (token.length > MAX_TOKEN_LENGTH) {
        throw new AuthError('ERR_TOKEN_MALFORMED', `the token is longer than ${MAX_TOKEN_LENGTH} characters`);
      }
      if (!JWT_SHAPE.test(token)) {
        throw new AuthError('ERR_TOKEN_MALFORMED', 'the token is not a signed JWT (three base64url parts)');
      }
      let claims: JWTPayload;
      try {
        claims = await verifyWith(source, token, { ...wanted, currentDate: new Date(now()) });
      } catch (error) {
        throw toAuthError(error, source.algorithms);
      }
      const { user, userWord } = userFromClaims(claims, userClaim);
      const tokenId = claims.jti ?? createHash('sha256').update(token).digest('base64url');
      return { user, userWord, claims: Object.freeze(claims), expiresAt: expiry(claims.exp), tokenId };
    },
  };
}

/** No token came by any of the ways that the relay knows. */
export function tokenMissing(): AuthError {
  return new AuthError(
    'ERR_TOKEN_MISSING',
    'no token given; send a JWT as "Authorization: Bearer …" at the handshake or in CONNECT',
  );
}

function keySource(options: VerifierOptions): KeySource {
  const { secret, publicKey: key, jwksUrl, algorithms } = options;
  const given = [secret, key, jwksUrl].filter((value) => value !== undefined).length;
  if (given !== 1) {
    throw new Error(
      `${given === 0 ? 'no key to check tokens with' : 'more than one key to check tokens with'}: ` +
        'set exactly one of RELAY_JWT_SECRET, RELAY_JWT_PUBLIC_KEY, RELAY_JWKS_URL',
    );
  }
  if (secret !== undefined) return secretKeys(secret, algorithms);
  if (key !== undefined) return publicKey(key, algorithms);
  return remoteKeys(jwksUrl ?? '', algorithms, options.jwks);
}

function audienceOf(audience: string | readonly string[]): string[] {
  const list = typeof audience === 'string' ? [audience] : [...audience];
  if (list.length === 0 || list.includes('')) throw new Error('RELAY_JWT_AUDIENCE has an empty entry');
  return list;
}

async function verifyWith(source: KeySource, token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, source.keyFor, options)).payload;
  } catch (error) {
    // RFC 7515, 4.1.4: `kid` is optional. Without it, or with one that several keys share, each key that fits is tried.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (++tried > MAX_CANDIDATE_KEYS) break;
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (failure) {
        const unfit = !(failure instanceof errors.JOSEError);
        if (!unfit && !(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** In milliseconds. No leeway: that is for clocks that differ, not for longer sessions. */
function expiry(exp: number | undefined): number | undefined {
  if (exp === undefined) return undefined;
  if (exp > MAX_EXP_SECONDS) throw new AuthError('ERR_TOKEN_MALFORMED', 'the token\'s "exp" is not a date');
  return Math.floor(exp * 1000);
}

function toAuthError(error: unknown, algorithms: readonly string[]): AuthError {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) {
    return new AuthError('ERR_TOKEN_EXPIRED', 'the token has expired; get a new one', 'tokenExpired');
  }
  if (error instanceof errors.JWTClaimValidationFailed) return claimError(error);
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new AuthError(
      'ERR_TOKEN_ALGORITHM',
      `the token is signed with an algorithm that is not allowed here; allowed: ${algorithms.join(', ')}`,
    );
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new AuthError('ERR_TOKEN_SIGNATURE', "the token's signature does not fit the relay's key");
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return new AuthError(
      'ERR_TOKEN_SIGNATURE',
      'the token is signed with a key that the relay does not know',
    );
  }
  if (error instanceof errors.JWKSInvalid) return keysUnavailable(error);
  if (error instanceof errors.JOSEError) {
    return new AuthError('ERR_TOKEN_MALFORMED', 'the token is not a JWT that the relay can read');
  }
  // What is left are keys of a set that cannot be used at all, such as RSA keys under 2048 bits.
  const unusable = new AuthError(
    'ERR_TOKEN_SIGNATURE',
    'the key that the token is signed with cannot be used',
  );
  unusable.cause = error;
  return unusable;
}

function claimError({ claim, reason }: errors.JWTClaimValidationFailed): AuthError {
  const what = reason === 'missing' ? 'is missing' : reason === 'invalid' ? 'is not a number' : 'is another';
  if (claim === 'aud') {
    return new AuthError('ERR_TOKEN_AUDIENCE', `the token is not meant for this relay ("aud" ${what})`);
  }
  if (claim === 'iss') {
    return new AuthError('ERR_TOKEN_ISSUER', `the token is not from the trusted issuer ("iss" ${what})`);
  }
  if (claim === 'nbf' && reason === 'check_failed') {
    return new AuthError(
      'ERR_TOKEN_NOT_YET',
      'the token is not valid yet ("nbf" is in the future)',
      'unauthorized',
    );
  }
  return new AuthError('ERR_TOKEN_MALFORMED', `the token's "${claim}" ${what}`);
}
