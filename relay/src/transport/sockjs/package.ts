import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import sockjs, { type Connection } from 'sockjs';

/** A request as the `sockjs` package gets to see it: made by the gate, and holding nothing that the gate did not look at. */
export interface InnerRequest {
  readonly method: string;
  /** Path and query, below no prefix. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The socket, whose end is the client's going away. */
  readonly connection: Socket;
  /** Called for `data` and `end` of a body. */
  on?(event: string, listener: (chunk?: Buffer) => void): void;
}

/** One session of the `sockjs` package, which frames messages for whatever transport the client has chosen. */
export interface Channel {
  /** Whether an answer is open that the next message goes into. */
  readonly receiving: boolean;
  /** Writes these into the open answer as one message; without one they wait in the package for the next. */
  send(messages: readonly string[]): void;
  /** SockJS's own heart-beat into the open answer. With polling that is the whole answer. */
  heartbeat(): void;
  /** Ends the open answer, so that the client asks again. */
  endAnswer(): void;
  /** Says so to the client, now or when it asks next. */
  close(code: number, reason: string): void;
  /** Forgets the session at once. */
  discard(): void;
}

export interface ChannelEvents {
  onMessage(text: unknown): void;
  /** Once: the client went away, or did not come back in time, or the session was discarded. */
  onEnd(): void;
}

export interface PackageOptions {
  /** Milliseconds after which a silent answer gets a heart-beat. */
  readonly heartbeat: number;
  /** Milliseconds for which a client may be away between two requests. */
  readonly patience: number;
  /** Bytes after which a stream is ended, for browsers keep all of it in memory. */
  readonly streamBytes: number;
  /** A session has opened; its id is the one in the path of the request that the gate has made. */
  onOpen(id: string, channel: Channel): ChannelEvents | undefined;
  /** The package has caught an exception. */
  onError(message: string): void;
}

export type PackageHandler = (request: InnerRequest, response: ServerResponse) => void;

/*
 * Parts of sockjs 0.3 that it does not document: all that the relay uses of them is here, and a test reads them.
 * Nothing else can end an answer, which is how a stream is asked for a proof, or drop a session without waiting.
 */
interface PackageSession {
  readonly recv: { heartbeat(): void; didClose(): void; didAbort(): void } | null;
  readonly send_buffer: string[];
  readonly readyState: number;
  readonly session_id: string | null | undefined;
  tryFlush(): void;
  didTimeout(): void;
}

interface PackageServer {
  listener(): { getHandler(): (request: InnerRequest, response: ServerResponse) => boolean };
  on(event: 'connection', listener: (connection: Connection | null) => void): void;
}

const OPEN = 1;
const CLOSED = 3;

/**
 * The `sockjs` package without its door: it is never given a server, so that no request reaches it but those that the gate
 * hands over. Its CORS headers are off, since it would let in every Origin.
 */
export function createPackage(options: PackageOptions): PackageHandler {
  const settings = {
    prefix: '',
    // Said in `info`; the relay serves the WebSocket itself.
    websocket: true,
    disable_cors: true,
    jsessionid: false,
    heartbeat_delay: options.heartbeat,
    disconnect_delay: options.patience,
    response_limit: options.streamBytes,
    log: (severity: string, message: string) => {
      if (severity === 'error') options.onError(message);
    },
  };
  const server = sockjs.createServer(settings) as unknown as PackageServer;
  server.on('connection', (connection) => {
    if (!connection) return;
    const session = (connection as unknown as { _session: PackageSession })._session;
    const channel = channelOf(session, connection);
    const events = options.onOpen(session.session_id ?? '', channel);
    if (!events) {
      channel.discard();
      return;
    }
    connection.on('data', (text: unknown) => events.onMessage(text));
    connection.on('close', () => events.onEnd());
  });
  const handler = server.listener().getHandler();
  return (request, response) => {
    handler(request, response);
  };
}

function channelOf(session: PackageSession, connection: Connection): Channel {
  return {
    get receiving() {
      return session.recv !== null && session.recv !== undefined;
    },
    send: (messages) => {
      if (session.readyState !== OPEN) return;
      for (const message of messages) session.send_buffer.push(message);
      if (session.recv) session.tryFlush();
    },
    heartbeat: () => session.recv?.heartbeat(),
    endAnswer: () => session.recv?.didClose(),
    close: (code, reason) => {
      (connection as unknown as { close(code: number, reason: string): void }).close(code, reason);
    },
    discard: () => {
      if (session.recv) session.recv.didAbort();
      else if (session.readyState !== CLOSED) session.didTimeout();
    },
  };
}
