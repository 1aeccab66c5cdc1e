import cors, { type CorsOptions } from 'cors';
import type { RequestHandler } from 'express';
import { checkOrigin } from '../handshake.js';
import type { ClientOriginOf } from './client-address.js';
import { HttpError } from './errors.js';

const SHARED: CorsOptions = {
  methods: ['GET', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: [
    'Authorization',
    'Content-Type',
    'Idempotency-Key',
    'X-Request-Id',
    'traceparent',
    'tracestate',
  ],
  exposedHeaders: ['Retry-After', 'WWW-Authenticate', 'X-Request-Id'],
  maxAge: 600,
};

/**
 * Lets pages of the Origins that may open a WebSocket here use the API too (CORS), and nobody else's: 403. Answers
 * preflights, which carry no token.
 * @param allowed RELAY_ALLOWED_ORIGINS, already checked; undefined = only the own host.
 * @param clientOrigin knows the host that the page's browser asked for.
 * @param onRefused is told the error's code.
 */
export function checkOrigins(
  allowed: readonly string[] | undefined,
  clientOrigin: ClientOriginOf,
  onRefused: (code: string) => void,
): RequestHandler {
  // The page's own Origin is repeated: with credentials, browsers take no "*".
  const known = cors({ ...SHARED, origin: true, credentials: true });
  // Whoever is let in by "*" alone must bring a token that the page itself holds, never the visitor's cookie.
  const anyone = cors({ ...SHARED, origin: '*' });
  return (request, response, next) => {
    const { host } = clientOrigin(request);
    const verdict = checkOrigin({ origin: request.headers.origin, host }, allowed);
    switch (verdict) {
      case 'absent':
        next();
        return;
      case 'refused':
        onRefused('ERR_ORIGIN');
        throw new HttpError(403, 'ERR_ORIGIN', 'this Origin is not allowed; see RELAY_ALLOWED_ORIGINS');
      default:
        (verdict === 'any' ? anyone : known)(request, response, next);
    }
  };
}
