import { AuthError } from '../errors.js';
import type { KeySource } from './keys.js';
import { checkToken } from './signature.js';

/** The event that a logout token reports (OpenID Connect Back-Channel Logout 1.0, 2.4). */
export const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Seconds that a logout token is good after its `iat`, whatever its `exp` says. */
const MAX_AGE = 300;

const LEEWAY = 5;

/** Types that a logout token may have; many providers leave `typ` out or write JWT (2.4). */
const TYPES = new Set([undefined, 'jwt', 'logout+jwt']);

/** Who signed out, as the identity provider reports it. At least one of `sub` and `sid` is there. */
export interface Logout {
  readonly sub: string | undefined;
  /** The one session of the user at the provider; undefined = all of them. */
  readonly sid: string | undefined;
  /** Seconds since the epoch. */
  readonly at: number;
  /** Unique for the issuer. */
  readonly jti: string;
}

export interface LogoutOptions {
  /** The only `iss` accepted; any when undefined. */
  readonly issuer: string | undefined;
  /** The token's `aud` must name one of these; any when undefined. */
  readonly audience: readonly string[] | undefined;
  /** Wall clock in milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

export type LogoutVerifier = (token: string) => Promise<Logout>;

/**
 * Makes the check for logout tokens (Back-Channel Logout 1.0, 2.6). It rejects with an AuthError: those of access
 * tokens, or ERR_LOGOUT_TOKEN for what is no logout token.
 */
export function createLogoutVerifier(source: KeySource, options: LogoutOptions): LogoutVerifier {
  const { issuer, audience, now = Date.now } = options;
  return async (token) => {
    const { claims, type } = await checkToken(source, token, {
      clockTolerance: LEEWAY,
      currentDate: new Date(now()),
      maxTokenAge: MAX_AGE,
      requiredClaims: ['iat', 'exp', 'jti'],
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience: [...audience] }),
    });
    if (!TYPES.has(type)) throw unfit('its "typ" is another');
    // An ID token that was asked for with a nonce must not end sessions (2.4).
    if ('nonce' in claims) throw unfit('it has a "nonce"');
    if (!reportsLogout(claims.events)) throw unfit('its "events" do not report a back-channel logout');
    const { sub, sid, iat, jti } = claims;
    if (!isName(jti)) throw unfit('its "jti" is not a string');
    if (sub === undefined && sid === undefined) throw unfit('it has neither "sub" nor "sid"');
    if ((sub !== undefined && !isName(sub)) || (sid !== undefined && !isName(sid))) {
      throw unfit('its "sub" or "sid" is not a string');
    }
    return { sub, sid, at: iat ?? 0, jti };
  };
}

function reportsLogout(events: unknown): boolean {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, LOGOUT_EVENT)) return false;
  const event = (events as Record<string, unknown>)[LOGOUT_EVENT];
  return typeof event === 'object' && event !== null && !Array.isArray(event);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function unfit(what: string): AuthError {
  return new AuthError('ERR_LOGOUT_TOKEN', `this is no logout token: ${what}`);
}
