import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Admission, Seat } from '../admission/admission.js';
import type { Identity, SignIn } from '../auth/identity.js';
import { type FoundToken, TICKET_SOURCE, ticketFromPath, tokenFromUpgrade } from '../auth/sources.js';
import type { DenialLog } from '../denial-log.js';
import type { Departure } from '../departure.js';
import { AuthError, GoingAwayError, LimitError, RelayError } from '../errors.js';
import { checkOrigin, chooseSubprotocol, mayUseCookies, redactUrl } from '../handshake.js';
import type { ClientOriginOf } from '../http/client-address.js';
import { REQUEST_ID, requestId } from '../http/request-id.js';
import type { WriteScheduler } from './scheduler.js';
import { upgradeEndpoint } from './sockjs/paths.js';
import { SOCKJS_FRAMING } from './sockjs/websocket-framing.js';
import type { OpenedTransport } from './transport.js';
import { type Framing, WebSocketTransport } from './websocket.js';

export interface AcceptOptions {
  /** RELAY_WS_PATH */
  path: string;
  /** RELAY_SOCKJS_PATH */
  sockjsPath: string;
  allowedOrigins: readonly string[] | undefined;
  clientOrigin: ClientOriginOf;
  signIn: SignIn;
  admission: Admission;
  departure: Departure;
  maxFrameBytes: number;
  maxQueuedBytes: number;
  /** One for all transports of a relay: it gathers what they write. */
  scheduler: WriteScheduler;
  denials: DenialLog;
  onRefused(reason: string): void;
  /** `identity` is undefined when the token is still to come in the CONNECT frame. */
  onTransport(transport: OpenedTransport, seat: Seat, identity: Identity | undefined): void;
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/**
 * The gate for WebSocket upgrades: path, Origin, token – in that order, all before the handshake is answered,
 * so that a refused client costs the broker nothing and learns why from an HTTP status.
 */
export function createUpgradeHandler(options: AcceptOptions): UpgradeHandler {
  const { scheduler } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    // Compression would cost 300 KB a client and open the door to decompression bombs.
    perMessageDeflate: false,
    // One STOMP frame may come in several messages and several in one; the decoder holds the real limit.
    maxPayload: options.maxFrameBytes * 2 + 65_536,
    handleProtocols: (offered) => chooseSubprotocol(offered) ?? false,
  });

  async function upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    framing: Framing | undefined,
  ): Promise<void> {
    const { address, host } = options.clientOrigin(request);
    const verdict = checkOrigin({ origin: request.headers.origin, host }, options.allowedOrigins);
    if (verdict === 'refused') {
      refuse(request, socket, 403, 'ERR_ORIGIN', 'this Origin is not allowed; see RELAY_ALLOWED_ORIGINS');
      options.onRefused('ERR_ORIGIN');
      note(request, 'ERR_ORIGIN');
      return;
    }
    options.departure.admit();
    const path = pathOf(request);
    const found =
      (path === options.path ? undefined : ticketFromPath(path)) ??
      tokenFromUpgrade(
        { headers: request.headers, url: request.url ?? '/' },
        { cookiesAllowed: mayUseCookies(verdict), ticketsAllowed: true },
      );
    const seat = options.admission.enter(address);
    // However this ends: a handshake that fails never becomes a session that would leave.
    socket.on('close', () => seat.leave());
    const identity = found && (await signIn(found, address));
    if (identity) seat.occupy(identity);
    if (socket.destroyed) return;
    options.departure.admit();
    // From here on ws listens. Our listener would keep the whole request in memory as long as the client stays.
    socket.removeAllListeners('error');
    server.handleUpgrade(request, socket, head, (ws: WebSocket) => {
      options.onTransport(
        new WebSocketTransport(ws, socket, address, scheduler, options.maxQueuedBytes, framing),
        seat,
        identity,
      );
    });
  }

  function signIn({ token, source }: FoundToken, address: string): Promise<Identity> {
    const { signIn: by } = options;
    return source === TICKET_SOURCE ? by.withTicket(token, address) : by.withToken(token, address);
  }

  function note(request: IncomingMessage, reason: string, quiet = false): void {
    const { address } = options.clientOrigin(request);
    const url = redactUrl(request.url ?? '/');
    const denial = { reason, message: 'upgrade refused', address, url, request: requestId(request) };
    options.denials.note(denial, quiet);
  }

  return (request, socket, head) => {
    const onError = () => socket.destroy();
    socket.on('error', onError);
    const endpoint = upgradeEndpoint(pathOf(request), options);
    if (!endpoint) {
      refuse(request, socket, 404, 'ERR_NOT_FOUND', `no WebSocket endpoint here; it is ${options.path}`);
      return;
    }
    const framing = endpoint === 'sockjs' ? SOCKJS_FRAMING : undefined;
    upgrade(request, socket, head, framing).catch((error: unknown) => {
      if (error instanceof LimitError) {
        // Whoever comes too often must not fill the log as well.
        note(request, error.code, true);
        options.onRefused(error.code);
        refuse(request, socket, 429, error.code, error.message, error.retryAfter);
        return;
      }
      const known = error instanceof RelayError;
      const code = known ? error.code : 'ERR_INTERNAL';
      options.onRefused(code);
      note(request, code, error instanceof GoingAwayError);
      if (error instanceof AuthError && error.closure !== 'internal')
        refuse(request, socket, 401, code, error.message);
      else if (known) refuse(request, socket, 503, code, error.message, error.retryAfter);
      else refuse(request, socket, 503, code, 'internal error');
    });
  };
}

/** Not parsed as a URL: a request line such as `//[` is none, and an exception here would end the process. */
function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}

function refuse(
  request: IncomingMessage,
  socket: Duplex,
  status: number,
  code: string,
  message: string,
  retryAfter = status === 503 ? 5 : undefined,
): void {
  const body = JSON.stringify({ error: { code, message, requestId: requestId(request) } });
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `${REQUEST_ID}: ${requestId(request)}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  if (status === 401) lines.push('WWW-Authenticate: Bearer error="invalid_token"');
  if (retryAfter !== undefined) lines.push(`Retry-After: ${retryAfter}`);
  // A client that keeps its half open would keep the socket.
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
