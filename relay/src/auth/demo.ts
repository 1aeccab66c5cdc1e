import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { checkUserName } from './user.js';

export interface DemoTokenOptions {
  /** How long the token is good, in seconds: a whole number from 1 to 86,400 × 365. Default 3,600. */
  readonly ttlSeconds?: number | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | readonly string[] | undefined;
  /** Further claims, such as roles. They cannot replace sub, iat, exp, jti, iss and aud. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /** Where the user name goes; only a flat name. Default `sub`. */
  readonly userClaim?: string | undefined;
  /** The HMAC algorithm; must be one that the verifier takes. Default HS256. */
  readonly algorithm?: 'HS256' | 'HS384' | 'HS512' | undefined;
}

const MAX_TTL_SECONDS = 365 * 86_400;

/**
 * A token for a demo user, signed with the shared secret. For demo mode only: whoever can ask for it is whoever
 * they say.
 * @param user Any name that the verifier would take too.
 * @throws AuthError ERR_TOKEN_USER for a name that is empty, too long or not fit for a routing key;
 *   RangeError for a time to live out of range.
 */
export async function issueDemoToken(
  secret: string,
  user: unknown,
  options: DemoTokenOptions = {},
): Promise<string> {
  const name = checkUserName(typeof user === 'string' ? user : '', 'the field "user"').user;
  const ttl = options.ttlSeconds ?? 3_600;
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > MAX_TTL_SECONDS) {
    throw new RangeError(`a demo token lives 1 to ${MAX_TTL_SECONDS} seconds`);
  }
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = {
    ...options.claims,
    sub: name,
    ...(options.userClaim === undefined ? {} : { [options.userClaim]: name }),
    iat: issuedAt,
    jti: randomUUID(),
    exp: issuedAt + ttl,
  };
  const token = new SignJWT(claims).setProtectedHeader({ alg: options.algorithm ?? 'HS256', typ: 'JWT' });
  if (options.issuer !== undefined) token.setIssuer(options.issuer);
  if (options.audience !== undefined) {
    token.setAudience(typeof options.audience === 'string' ? options.audience : [...options.audience]);
  }
  return token.sign(Buffer.from(secret, 'utf8'));
}
