import { userWord } from '../destination.js';
import { AuthError } from '../errors.js';

/** Longest user word, in bytes: leaves room for the rest of a routing key (255 bytes, AMQP 0-9-1 shortstr). */
export const MAX_USER_WORD_BYTES = 200;

/** Control characters would reach logs and headers; a lone surrogate has no UTF-8 form. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;

/** A user name that may be used, with its routing-key word. */
export interface UserName {
  readonly user: string;
  readonly userWord: string;
}

/**
 * Checks a user name.
 * @param origin What the name was read from, for the error ("claim sub").
 * @throws AuthError ERR_TOKEN_USER when it is empty, too long, or not fit for a routing key.
 */
export function checkUserName(user: string, origin: string): UserName {
  if (user.trim() === '') throw badUser(origin, 'is empty');
  // Before encoding: a name of any length would be encoded to three times that first.
  if (user.length > MAX_USER_WORD_BYTES) throw badUser(origin, `is longer than ${MAX_USER_WORD_BYTES} bytes`);
  if (UNFIT.test(user)) throw badUser(origin, 'has control characters or is not valid Unicode');
  const word = userWord(user);
  if (word.length > MAX_USER_WORD_BYTES) {
    throw badUser(origin, `is longer than ${MAX_USER_WORD_BYTES} bytes when percent-encoded`);
  }
  return { user, userWord: word };
}

/**
 * The user that the claims name.
 * @param claim A claim's name, or a dotted path into nested objects (`realm.user`) when no claim has that very name.
 * @throws AuthError ERR_TOKEN_USER when there is none or it is not fit to be a user name.
 */
export function userFromClaims(claims: Readonly<Record<string, unknown>>, claim: string): UserName {
  const origin = `claim "${claim}"`;
  const value = claimAt(claims, claim);
  if (value === undefined || value === null) throw badUser(origin, 'is missing');
  if (typeof value === 'string') return checkUserName(value, origin);
  // Beyond 2^53 two users' numbers can read as the same one; one must not get the other's messages.
  if (typeof value === 'number' && Number.isSafeInteger(value)) return checkUserName(String(value), origin);
  throw badUser(origin, 'is not a string');
}

function claimAt(claims: Readonly<Record<string, unknown>>, claim: string): unknown {
  if (Object.hasOwn(claims, claim)) return claims[claim];
  let value: unknown = claims;
  for (const name of claim.split('.')) {
    // Own properties only: what every object inherits is no claim of this token.
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function badUser(origin: string, what: string): AuthError {
  return new AuthError('ERR_TOKEN_USER', `the user name cannot be used: ${origin} ${what}`);
}
