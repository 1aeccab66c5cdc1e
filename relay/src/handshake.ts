import type { IncomingHttpHeaders } from 'node:http';

/**
 * What an upgrade request's Origin says:
 * - `absent`: no Origin, so no browser; allowed
 * - `same`: the page was served by this very host; allowed
 * - `listed`: named by an entry of the allow-list other than `*` and `null`; allowed
 * - `any`: let in by `*` or `null` alone; allowed, but must not use cookies
 * - `refused`
 */
export type OriginVerdict = 'absent' | 'same' | 'listed' | 'any' | 'refused';

/** STOMP versions as WebSocket sub-protocols, the one we like best first. */
export const SUBPROTOCOLS = ['v12.stomp', 'v11.stomp', 'v10.stomp'] as const;
export type Subprotocol = (typeof SUBPROTOCOLS)[number];

/** RFC 6454, 7.1: scheme, host, perhaps a port, nothing else. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#@\\\s,*]+$/i;

/**
 * Judges the Origin of an upgrade. Browsers let any page open a WebSocket to anywhere, so this is the only thing
 * that keeps a foreign page from using what a visitor's browser may reach (cross-site WebSocket hijacking).
 * @param allowed RELAY_ALLOWED_ORIGINS, already checked by `validateOrigins`; undefined = only the own host.
 */
export function checkOrigin(
  headers: IncomingHttpHeaders,
  allowed: readonly string[] | undefined,
): OriginVerdict {
  const { origin } = headers;
  if (origin === undefined) return 'absent';
  const parsed = parseOrigin(origin);
  if (parsed) {
    if (allowed?.some((entry) => matches(parsed, entry))) return 'listed';
    if (isSameHost(parsed, headers.host)) return 'same';
    if (allowed?.includes('*')) return 'any';
    return 'refused';
  }
  // Every sandboxed frame and local file of the world is "null", so it is never one page that we know.
  if (origin === 'null' && (allowed?.includes('null') || allowed?.includes('*'))) return 'any';
  return 'refused';
}

/** Whether a page of this Origin may sign in by cookie. */
export function mayUseCookies(verdict: OriginVerdict): boolean {
  return verdict === 'same' || verdict === 'listed';
}

/**
 * Checks the entries of RELAY_ALLOWED_ORIGINS: `https://app.example.com`, `https://*.example.com`, `*`, `null`.
 * @throws Error naming the first entry that could never match.
 */
export function validateOrigins(allowed: readonly string[]): void {
  for (const entry of allowed) {
    if (entry === '*' || entry === 'null' || parseOrigin(withoutWildcard(entry))) continue;
    throw new Error(
      `RELAY_ALLOWED_ORIGINS: "${entry}" is not an origin; ` +
        'write https://app.example.com (no path), https://*.example.com, or *',
    );
  }
}

interface Origin {
  readonly scheme: string;
  /** Lower case, without port. */
  readonly hostname: string;
  /** The scheme's own when none was written; '' when the scheme has none. */
  readonly port: string;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

function parseOrigin(text: string): Origin | undefined {
  if (!ORIGIN.test(text)) return undefined;
  try {
    const url = new URL(text);
    const hostname = url.hostname.toLowerCase();
    if (hostname === '') return undefined;
    return { scheme: url.protocol, hostname, port: url.port || (DEFAULT_PORTS[url.protocol] ?? '') };
  } catch {
    return undefined;
  }
}

function withoutWildcard(entry: string): string {
  return entry.replace('://*.', '://');
}

function matches(origin: Origin, entry: string): boolean {
  const rule = parseOrigin(withoutWildcard(entry));
  if (!rule || rule.scheme !== origin.scheme || rule.port !== origin.port) return false;
  // The dot is part of the suffix: evilexample.com must not pass for a sub-domain of example.com.
  return entry.includes('://*.')
    ? origin.hostname.endsWith(`.${rule.hostname}`)
    : origin.hostname === rule.hostname;
}

/**
 * Whether the page came from the host that is asked now. The scheme cannot be compared, because a proxy may have
 * taken TLS off; a port that Host leaves out is the Origin's default.
 */
function isSameHost(origin: Origin, host: string | undefined): boolean {
  if (!host || !(origin.scheme in DEFAULT_PORTS)) return false;
  const asked = parseOrigin(`${origin.scheme}//${host}`);
  return asked?.hostname === origin.hostname && asked.port === origin.port;
}

/**
 * The sub-protocol to answer with: the newest STOMP that the client offers. `bearer.…` is never answered with,
 * since an answer is shown in tools and logs. Undefined when the client offers no STOMP (it may then use none).
 */
export function chooseSubprotocol(offered: Iterable<string>): Subprotocol | undefined {
  const names = new Set(offered);
  return SUBPROTOCOLS.find((name) => names.has(name));
}

const HIDDEN = '[redacted]';
const SECRET_PARAMETERS = new Set(['access_token', 'token', 'ticket']);

/** Whoever knows the name of a SockJS session that was opened without a token can speak in it. */
const SOCKJS_SESSION =
  /(\/[\w-]+\/)[\w-]+(\/(?:websocket|xhr|xhr_streaming|xhr_send|eventsource|htmlfile|jsonp|jsonp_send))$/;

/** A request target fit for logs: tokens and tickets in the query and in `/socket/<ticket>` are masked, sessions of SockJS too. */
export function redactUrl(url: string): string {
  const start = url.indexOf('?');
  const path = (start < 0 ? url : url.slice(0, start))
    .replace(/(\/socket\/)[^/#]+/gi, `$1${HIDDEN}`)
    .replace(SOCKJS_SESSION, `$1${HIDDEN}$2`);
  const query = start < 0 ? '' : url.slice(start).replace(/([?&]+)([^=&]*)=([^&]*)/g, redactParameter);
  // A token that stands where none belongs, such as in the path or under a name of its own.
  return (path + query).replace(/[\w.-]+/g, redactToken);
}

/** Looks at each part once: a pattern for it all would take a second for an address of a thousand `eyJ-`. */
function redactToken(text: string): string {
  let at = 0;
  for (const part of text.split('.')) {
    const start = part.indexOf('eyJ');
    const end = at + part.length;
    if (start >= 0 && start + 3 < part.length && end + 1 < text.length && text[end + 1] !== '.') {
      return text.slice(0, at + start) + HIDDEN;
    }
    at = end + 1;
  }
  return text;
}

function redactParameter(whole: string, separator: string, name: string): string {
  let plain = name;
  try {
    plain = decodeURIComponent(name);
  } catch {
    // Not percent-encoding: compared as it stands.
  }
  return SECRET_PARAMETERS.has(plain.toLowerCase()) ? `${separator}${name}=${HIDDEN}` : whole;
}
