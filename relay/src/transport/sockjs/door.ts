import type { IncomingMessage, ServerResponse } from 'node:http';
import { type FoundToken, tokenFromUpgrade } from '../../auth/sources.js';
import { checkOrigin, mayUseCookies, type OriginVerdict } from '../../handshake.js';
import type { ClientOriginOf } from '../../http/client-address.js';
import { HttpError } from '../../http/errors.js';

/** How long a browser may remember that its page may ask, in seconds. */
const PREFLIGHT_AGE_S = 600;

/** What is known of a request before anything is done with it. */
export interface Visitor {
  readonly address: string;
  /** The token or ticket that it brought; not checked yet. */
  readonly found: FoundToken | undefined;
}

/**
 * The first look at a request: may this Origin be here at all, and what did it bring?
 * @throws HttpError 403 for a foreign Origin
 */
export function admit(
  request: IncomingMessage,
  clientOrigin: ClientOriginOf,
  allowed: readonly string[] | undefined,
): Visitor {
  const { address, host } = clientOrigin(request);
  const verdict = judge(request, host, allowed);
  if (verdict === 'refused') {
    throw new HttpError(403, 'ERR_ORIGIN', 'this Origin is not allowed; see RELAY_ALLOWED_ORIGINS');
  }
  const found = tokenFromUpgrade(
    { headers: request.headers, url: request.url ?? '/' },
    { cookiesAllowed: mayUseCookies(verdict), ticketsAllowed: true },
  );
  return { address, found };
}

/**
 * As for WebSockets. But scripts, frames and streams of the page's own host are asked for without an Origin, and a form
 * of a page that hides its address says `null`: there Sec-Fetch-Site tells, which no page can set. A script or frame
 * in a foreign page has neither: it is let in, for it might as well be no browser, and its cookies count for nothing.
 */
function judge(
  { headers }: IncomingMessage,
  host: string | undefined,
  allowed: readonly string[] | undefined,
): OriginVerdict {
  const { origin } = headers;
  const isNamed = origin !== undefined && origin !== 'null';
  if (!isNamed && headers['sec-fetch-site'] === 'same-origin') return 'same';
  return checkOrigin({ origin, host }, allowed);
}

/**
 * Lets the page of an Origin that may be here read the answer (CORS). sockjs-client always asks with credentials, so the
 * Origin is repeated and they are allowed, also to who is let in by `*` alone: whose cookies are not looked at.
 */
export function shareWithOrigin({ headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader('Vary', 'Origin');
  if (headers.origin === undefined) return;
  response.setHeader('Access-Control-Allow-Origin', headers.origin);
  response.setHeader('Access-Control-Allow-Credentials', 'true');
}

/** Answers OPTIONS. */
export function answerPreflight(response: ServerResponse, methods: readonly string[]): void {
  response.setHeader('Access-Control-Allow-Methods', methods.join(', '));
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type');
  response.setHeader('Access-Control-Max-Age', PREFLIGHT_AGE_S);
  response.setHeader('Allow', methods.join(', '));
  response.statusCode = 204;
  response.end();
}
