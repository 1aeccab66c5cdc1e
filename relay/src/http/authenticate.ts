import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import type { Identity, SignIn } from '../auth/identity.js';
import { tokenFromUpgrade } from '../auth/sources.js';
import type { DenialLog } from '../denial-log.js';
import { AuthError } from '../errors.js';
import { checkOrigin, mayUseCookies, redactUrl } from '../handshake.js';
import type { ClientOriginOf } from './client-address.js';
import { HttpError } from './errors.js';
import { requestId } from './request-id.js';

export interface AuthenticatorOptions {
  readonly signIn: SignIn;
  /** RELAY_ALLOWED_ORIGINS, already checked; undefined = only the own host. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly clientOrigin: ClientOriginOf;
  readonly denials: DenialLog;
  /** Is told the code of every refusal. */
  onRefused(code: string): void;
}

/** Says who sends a request. Rejects with an HttpError 401, or an AuthError when the keys cannot be had (503). */
export type Authenticator = (request: Request) => Promise<Identity>;

/** Takes the token from where a WebSocket upgrade may have it (auth/sources.ts) and checks it the same way. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { signIn, allowedOrigins, clientOrigin, denials, onRefused } = options;
  return async (request) => {
    const { address, host } = clientOrigin(request);
    const found = tokenFromUpgrade(
      { headers: request.headers, url: request.originalUrl },
      { cookiesAllowed: cookiesAllowed(request, host, allowedOrigins) },
    );
    try {
      if (!found) throw new AuthError('ERR_TOKEN_MISSING', NO_TOKEN);
      return await signIn.withToken(found.token, address);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      onRefused(error.code);
      denials.note({
        ...{ reason: error.code, message: 'request refused', address },
        ...{ request: requestId(request), url: redactUrl(request.originalUrl) },
      });
      if (error.closure === 'internal') throw error;
      // RFC 6750, 3.1: without a token there is nothing that could be called invalid.
      const challenge = found ? 'Bearer error="invalid_token"' : 'Bearer';
      throw new HttpError(401, error.code, error.message, { 'WWW-Authenticate': challenge });
    }
  };
}

const NO_TOKEN = 'no token given; send a JWT as "Authorization: Bearer …"';

/**
 * Browsers leave Origin out of a GET to the page's own host. They say so in Sec-Fetch-Site, which no page can set;
 * whoever else sets it has the cookie at hand anyway.
 */
export function cookiesAllowed(
  { headers }: IncomingMessage,
  host: string | undefined,
  allowed: readonly string[] | undefined,
): boolean {
  const verdict = checkOrigin({ origin: headers.origin, host }, allowed);
  return mayUseCookies(verdict) || (verdict === 'absent' && headers['sec-fetch-site'] === 'same-origin');
}
