import { errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose';
import { AuthError } from '../errors.js';
import { keysUnavailable } from './jwks.js';
import type { KeySource } from './keys.js';

/** A token whose signature and registered claims are right. */
export interface CheckedToken {
  readonly claims: JWTPayload;
  /** The `typ` of its header in lower case, without `application/` (RFC 7515, 4.1.9); undefined when it has none. */
  readonly type: string | undefined;
}

/** Longest token, in characters. */
export const MAX_TOKEN_LENGTH = 16 * 1024;

/** Header, payload, signature (RFC 7515, 7.1). The signature may be empty: `alg: none` gets its own refusal. */
const JWT_SHAPE = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/** Keys of a set that a token without key id is tried with, at most. */
const MAX_CANDIDATE_KEYS = 8;

/**
 * Checks form, algorithm, signature and the claims that `options` name.
 * @throws AuthError, whose message never carries the token or parts of it; its codes are listed at `createVerifier`.
 */
export async function checkToken(
  source: KeySource,
  token: string,
  options: JWTVerifyOptions,
): Promise<CheckedToken> {
  if (token === '') throw tokenMissing();
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new AuthError('ERR_TOKEN_MALFORMED', `the token is longer than ${MAX_TOKEN_LENGTH} characters`);
  }
  if (!JWT_SHAPE.test(token)) {
    throw new AuthError('ERR_TOKEN_MALFORMED', 'the token is not a signed JWT (three base64url parts)');
  }
  try {
    return await verifyWith(source, token, { ...options, algorithms: source.algorithms });
  } catch (error) {
    throw toAuthError(error, source.algorithms);
  }
}

/** No token came by any of the ways that the relay knows. */
export function tokenMissing(): AuthError {
  return new AuthError(
    'ERR_TOKEN_MISSING',
    'no token given; send a JWT as "Authorization: Bearer …" at the handshake or in CONNECT',
  );
}

async function verifyWith(
  source: KeySource,
  token: string,
  options: JWTVerifyOptions,
): Promise<CheckedToken> {
  try {
    return checked(await jwtVerify(token, source.keyFor, options));
  } catch (error) {
    // RFC 7515, 4.1.4: `kid` is optional. Without it, or with one that several keys share, each key that fits is tried.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if (++tried > MAX_CANDIDATE_KEYS) break;
      try {
        return checked(await jwtVerify(token, key, options));
      } catch (failure) {
        const unfit = !(failure instanceof errors.JOSEError);
        if (!unfit && !(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

function checked({ payload, protectedHeader }: JWTVerifyResult): CheckedToken {
  const { typ } = protectedHeader;
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined;
  return { claims: payload, type };
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
