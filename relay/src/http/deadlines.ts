import { type Server, type ServerOptions, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Node looks for requests that are late only every so often. */
const LOOKS_PER_TIMEOUT = 4;
const LONGEST_LOOK_MS = 5000;

/** Tokens come in headers and in the request line; RFC 9110, 5.4, leaves the limit to us. */
const MAX_HEAD_BYTES = 16 * 1024;

/** How long nothing may move on a socket that speaks HTTP, in milliseconds: longer than any answer takes to make. */
const SILENCE_MS = 120_000;

/**
 * Options for `createServer` that give every request a time in which it must be here whole (RELAY_HTTP_TIMEOUT), from the
 * connection on: against clients that hold sockets by saying nothing, half a head, or one byte of body at a time.
 * WebSockets are not meant: their deadlines begin after the upgrade.
 */
export function deadlines(timeout: number): ServerOptions {
  return {
    // The head is part of it.
    requestTimeout: timeout,
    connectionsCheckingInterval: Math.min(LONGEST_LOOK_MS, Math.ceil(timeout / LOOKS_PER_TIMEOUT)),
    maxHeaderSize: MAX_HEAD_BYTES,
  };
}

export interface SocketLimits {
  /** RELAY_MAX_CONNECTIONS */
  readonly connections: number;
  /** Milliseconds without a byte in either direction. */
  readonly silence?: number;
  /** A connection was closed because there were that many. */
  onDropped(): void;
  /** A connection was closed because its request did not come in time. */
  onLate(): void;
}

/** Bounds the sockets of a server: how many there are, and how long one may stand still, its answer unread. */
export function limitSockets(server: Server, limits: SocketLimits): void {
  // Closed at once and without an answer: it would cost more than what is being kept out.
  server.maxConnections = limits.connections;
  server.on('drop', limits.onDropped);
  // ws takes this off the sockets that it is given.
  server.timeout = limits.silence ?? SILENCE_MS;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') limits.onLate();
    refuse(socket, STATUS[error.code ?? ''] ?? 400);
  });
}

const STATUS: Readonly<Record<string, number>> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/** What Node does by itself where nobody listens. */
function refuse(socket: Duplex & { bytesWritten?: number }, status: number): void {
  // Behind an answer that is still on its way, this one would be taken for a part of it.
  if (socket.writable && !socket.bytesWritten) {
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
  }
  socket.destroy();
}
