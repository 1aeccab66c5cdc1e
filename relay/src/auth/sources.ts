import type { IncomingHttpHeaders } from 'node:http';
import type { HeaderList } from '../stomp/frame.js';

/** A token or a ticket as it came, not yet checked, and where it was. */
export interface FoundToken {
  readonly token: string;
  /** For logs and metrics, such as `authorization` or `cookie`; `ticket` when it is no token. Never the token. */
  readonly source: string;
}

/** What of an upgrade request can carry a token. */
export interface UpgradeRequest {
  readonly headers: IncomingHttpHeaders;
  /** The request target: path and query. */
  readonly url: string;
}

export interface UpgradeRules {
  /** Whether the Origin was one that may use cookies (handshake.ts, `mayUseCookies`). */
  readonly cookiesAllowed: boolean;
  /** Whether `?ticket=` counts: tickets open WebSockets and nothing else. Default false. */
  readonly ticketsAllowed?: boolean;
}

/** The cookie that may carry the token. */
export const TOKEN_COOKIE = 'relay_token';

/** The sub-protocol that carries the token, since browsers can set no other header on a WebSocket. */
export const TOKEN_SUBPROTOCOL = 'bearer.';

/** The `source` of what is a ticket and no token. */
export const TICKET_SOURCE = 'ticket';

/** Where an upgrade request may carry its token; the first that is not empty counts. */
const upgradeSources: readonly {
  readonly source: string;
  readonly read: (request: UpgradeRequest, rules: UpgradeRules) => string | undefined;
}[] = [
  { source: 'authorization', read: ({ headers }) => bearer(headers.authorization) },
  { source: 'sub-protocol', read: ({ headers }) => fromSubprotocol(headers['sec-websocket-protocol']) },
  { source: 'access_token', read: ({ url }) => fromQuery(url, 'access_token') },
  { source: 'token', read: ({ url }) => fromQuery(url, 'token') },
  {
    source: TICKET_SOURCE,
    read: ({ url }, rules) => (rules.ticketsAllowed ? fromQuery(url, 'ticket') : undefined),
  },
  {
    source: 'cookie',
    // A browser sends cookies whichever page opens the socket, so only a page we know may use them.
    read: ({ headers }, rules) => (rules.cookiesAllowed ? fromCookie(headers.cookie) : undefined),
  },
];

/** Headers of a SEND that may carry the next token, lower case; the first that is not empty counts. */
const refreshSources: readonly string[] = ['authorization', 'x-authorization', 'x-auth-token'];

/** The same of CONNECT. */
const connectSources: readonly string[] = [...refreshSources, 'passcode'];

/** The token of a WebSocket upgrade (or a SockJS request), if it brought one. */
export function tokenFromUpgrade(request: UpgradeRequest, rules: UpgradeRules): FoundToken | undefined {
  for (const { source, read } of upgradeSources) {
    const token = read(request, rules);
    if (token) return { token, source };
  }
  return undefined;
}

/** Where tickets are shown: `/socket/<ticket>`. */
export const TICKET_PATH = '/socket/';

/** The ticket of a path; undefined when it is another path. */
export function ticketFromPath(path: string): FoundToken | undefined {
  if (!path.startsWith(TICKET_PATH)) return undefined;
  return { token: path.slice(TICKET_PATH.length), source: TICKET_SOURCE };
}

/**
 * The token of a CONNECT or STOMP frame, if it brought one: `Authorization`, `X-Authorization`, `X-Auth-Token`
 * or `passcode`, each with `Bearer ` or bare. Names are compared without case, as applications write them in many ways.
 * `passcode` comes last, so that an old client's guest/guest only counts (as a bad token) when it sends nothing else.
 */
export function tokenFromConnect(headers: HeaderList): FoundToken | undefined {
  return tokenFromHeaders(headers, connectSources);
}

/** The token of a SEND to `/relay/token`: as in CONNECT, but for `passcode`, which no application writes there. */
export function tokenFromRefresh(headers: HeaderList): FoundToken | undefined {
  return tokenFromHeaders(headers, refreshSources);
}

function tokenFromHeaders(headers: HeaderList, sources: readonly string[]): FoundToken | undefined {
  for (const source of sources) {
    const token = bare(firstValue(headers, source));
    if (token) return { token, source };
  }
  return undefined;
}

function firstValue(headers: HeaderList, lowerName: string): string {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]?.toLowerCase() === lowerName && headers[i + 1]?.trim()) return headers[i + 1] ?? '';
  }
  return '';
}

/** `Bearer <token>` only (RFC 6750, 2.1); other schemes are for a proxy in front of us. */
function bearer(value: string | undefined): string | undefined {
  const [scheme, ...rest] = (value ?? '').trim().split(/\s+/);
  return scheme?.toLowerCase() === 'bearer' ? rest.join(' ') : undefined;
}

/** `Bearer <token>` or the token alone. `Basic …` is not a token. */
function bare(value: string): string | undefined {
  const text = value.trim();
  if (/^basic(\s|$)/i.test(text)) return undefined;
  return /^bearer(\s|$)/i.test(text) ? bearer(text) : text;
}

function fromSubprotocol(header: string | undefined): string | undefined {
  for (const offered of (header ?? '').split(',')) {
    const name = offered.trim();
    if (name.toLowerCase().startsWith(TOKEN_SUBPROTOCOL) && name.length > TOKEN_SUBPROTOCOL.length) {
      return name.slice(TOKEN_SUBPROTOCOL.length);
    }
  }
  return undefined;
}

function fromQuery(url: string, name: string): string | undefined {
  const start = url.indexOf('?');
  if (start < 0) return undefined;
  const values = new URLSearchParams(url.slice(start + 1)).getAll(name);
  return values.map((value) => value.trim()).find((value) => value !== '');
}

function fromCookie(header: string | undefined): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== TOKEN_COOKIE) continue;
    const value = pair
      .slice(equals + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1');
    if (value !== '') return value;
  }
  return undefined;
}
