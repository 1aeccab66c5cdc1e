import { z } from 'zod';

/** Longest name of a user, session or token in a revocation, in characters. */
export const MAX_NAME_LENGTH = 1024;

/** Seconds since the epoch up to the year 5138: milliseconds, which are written by mistake, are more. */
const seconds = z.number().min(0).max(99_999_999_999);
const name = z.string().min(1).max(MAX_NAME_LENGTH);

const schema = z
  .strictObject({
    sub: name.optional(),
    user: name.optional(),
    jti: name.optional(),
    sid: name.optional(),
    exp: seconds.optional(),
    at: seconds.optional(),
    iat: seconds.optional(),
    of: z.int().min(0).optional(),
  })
  .transform(({ iat, at = iat, ...rest }) => ({ ...rest, at }))
  .refine(({ sub, user, jti, sid }) => {
    const given = [sub, user, jti, sid].filter((each) => each !== undefined).length;
    return given === 1 || (given === 2 && sub !== undefined && sid !== undefined);
  });

/**
 * What is no longer good. Exactly one of `sub`, `user`, `jti` and `sid`, or `sid` with `sub`: then also the tokens of
 * that `sub` that do not say which session they belong to.
 */
export interface Revocation {
  /** All tokens with this claim `sub` that were issued before. */
  readonly sub?: string | undefined;
  /** All tokens of this user, by RELAY_USER_CLAIM, that were issued before. */
  readonly user?: string | undefined;
  /** One token, by its `Identity.tokenId`. */
  readonly jti?: string | undefined;
  /** All tokens with this claim `sid`. */
  readonly sid?: string | undefined;
  /** When the last of those tokens ends, in seconds since the epoch; undefined when nobody knows. */
  readonly exp?: number | undefined;
  /** When it was revoked, in seconds since the epoch; undefined = when it was published. */
  readonly at?: number | undefined;
  /** For the log alone: this says when the entry at that offset was published, which does not say so itself. */
  readonly of?: number | undefined;
}

/** One of which it is known when. */
export type DatedRevocation = Revocation & { readonly at: number };

/** Reads a revocation as it is published; undefined for what is none. */
export function parseRevocation(content: Buffer): Revocation | undefined {
  let value: unknown;
  try {
    value = JSON.parse(content.toString());
  } catch {
    return undefined;
  }
  const { data } = schema.safeParse(value);
  return data;
}

/** What the revocation is about, as one key; the same for every revocation of the same. */
export function keyOf({ sub, user, jti, sid }: Revocation): string {
  if (jti !== undefined) return `jti:${jti}`;
  if (sid !== undefined) return `sid:${sid}`;
  return user === undefined ? `sub:${sub}` : `user:${user}`;
}
