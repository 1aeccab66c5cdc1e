import type { Request } from 'express';
import { tokenFromUpgrade } from '../auth/sources.js';
import { checkOrigin } from '../handshake.js';
import { cookiesAllowed } from './authenticate.js';
import { brokerCookie } from './broker-sign-in.js';
import { HttpError } from './errors.js';

/** Methods that change nothing. */
export const READING: readonly string[] = ['GET', 'HEAD'];

/** Where a request to `/broker` has its token. */
export interface BrokerToken {
  readonly token: string;
  /** Whether it is in the cookie of `/broker`, so that what follows will have it, too. */
  readonly kept: boolean;
}

/**
 * The token of a request: `Authorization` or the query, else the cookie of `/broker`, else `relay_token`.
 * @param host the own one, as the browser knows it
 * @throws HttpError 403 for what a page of elsewhere sent, listed in RELAY_ALLOWED_ORIGINS or not: it may use the API, not
 *   the broker
 */
export function brokerToken(request: Request, host: string | undefined): BrokerToken | undefined {
  const { headers, originalUrl: url } = request;
  if (checkOrigin({ origin: headers.origin, host }, undefined) === 'refused') {
    throw new HttpError(403, 'ERR_ORIGIN', 'only pages of this host may use /broker');
  }
  const shown = tokenFromUpgrade({ headers, url }, { cookiesAllowed: false });
  if (shown) return { token: shown.token, kept: false };
  const kept = keptAllowed(request, host) ? brokerCookie(headers.cookie) : undefined;
  if (kept !== undefined) return { token: kept, kept: true };
  const found = tokenFromUpgrade(
    { headers, url },
    { cookiesAllowed: cookiesAllowed(request, host, undefined) },
  );
  return found && { token: found.token, kept: false };
}

/**
 * SameSite=Strict keeps the cookie from requests that other sites have caused. Sub-domains are the same site: they may
 * not read what they ask for, so for reading it is enough that they are not known to ask, but never for a change.
 */
function keptAllowed(request: Request, host: string | undefined): boolean {
  if (!READING.includes(request.method)) return cookiesAllowed(request, host, undefined);
  const site = request.headers['sec-fetch-site'];
  return site === undefined || site === 'same-origin' || site === 'none';
}
