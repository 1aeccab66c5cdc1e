import { TICKET_PATH } from '../../auth/sources.js';

/** How a SockJS client asks for what waits for it. Each is the last part of such a request's path. */
export const RECEIVERS = ['xhr', 'xhr_streaming', 'eventsource', 'htmlfile', 'jsonp'] as const;
export type Receiver = (typeof RECEIVERS)[number];

/** How it sends. */
export const SENDERS = ['xhr_send', 'jsonp_send'] as const;
export type Sender = (typeof SENDERS)[number];

/** Names a session: both parts are the client's choice. */
export interface SessionPath {
  readonly server: string;
  readonly session: string;
}

/** What a path below RELAY_SOCKJS_PATH asks for. */
export type SockjsRoute =
  | { readonly kind: 'greeting' | 'info' | 'iframe' | 'script' | 'bootstrap' | 'websocket' | 'unknown' }
  | ({ readonly kind: 'receive'; readonly how: Receiver } & SessionPath)
  | ({ readonly kind: 'send'; readonly how: Sender } & SessionPath);

/** The page of the iframe transports, with or without the client's version in its name. */
const IFRAME = /^iframe[0-9a-z._-]*\.html$/;

/** Eight is what sockjs-client makes by itself: shorter ones are guessed too easily. */
const SESSION = /^([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_-]{8,128})\/([a-z_]+)$/;

const FILES: Readonly<Record<string, 'info' | 'script' | 'bootstrap' | 'websocket' | 'greeting'>> = {
  '': 'greeting',
  info: 'info',
  'sockjs.js': 'script',
  'iframe.js': 'bootstrap',
  websocket: 'websocket',
};

/**
 * Reads a path; undefined when it is not below `base`. Nothing is decoded: a path with percent escapes is unknown, so
 * that no two spellings name one session.
 * @param path without the query
 * @param base RELAY_SOCKJS_PATH
 */
export function readSockjsPath(path: string, base: string): SockjsRoute | undefined {
  if (path === base) return { kind: 'greeting' };
  if (!path.startsWith(`${base}/`)) return undefined;
  const rest = path.slice(base.length + 1);
  if (Object.hasOwn(FILES, rest)) return { kind: FILES[rest] ?? 'unknown' };
  if (IFRAME.test(rest)) return { kind: 'iframe' };
  const [, server, session, how] = SESSION.exec(rest) ?? [];
  if (server === undefined || session === undefined) return { kind: 'unknown' };
  const receiver = RECEIVERS.find((name) => name === how);
  if (receiver) return { kind: 'receive', how: receiver, server, session };
  const sender = SENDERS.find((name) => name === how);
  if (sender) return { kind: 'send', how: sender, server, session };
  return { kind: how === 'websocket' ? 'websocket' : 'unknown' };
}

/** What an upgrade at this path speaks: STOMP as it is, or inside of SockJS. Undefined = there is no such endpoint. */
export function upgradeEndpoint(
  path: string,
  paths: { readonly path: string; readonly sockjsPath: string },
): 'stomp' | 'sockjs' | undefined {
  if (path === paths.path || path.startsWith(TICKET_PATH)) return 'stomp';
  if (readSockjsPath(path, paths.sockjsPath)?.kind !== 'websocket') return undefined;
  // SockJS servers have always had a plain WebSocket there, for clients without a SockJS library.
  return path === `${paths.sockjsPath}/websocket` ? 'stomp' : 'sockjs';
}
