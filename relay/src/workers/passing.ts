import { rmSync } from 'node:fs';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as openRequest,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import type { ClientOrigin, ClientOriginOf } from '../http/client-address.js';
import { readSockjsPath } from '../transport/sockjs/paths.js';
import type { WorkerArguments } from './messages.js';
import { slotOf } from './slot.js';

/** Serves a request, or says that it is not one of its kind. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Who sent a request that was passed on. Only what comes over a worker's own socket is asked for it. */
const ORIGIN = 'relay-client-origin';

/** Headers of one connection and not of the request (RFC 9110, 7.6.1), or about a body that is framed anew. */
const OF_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'upgrade',
  'expect',
];

/** The socket on which the worker of this slot takes requests from the others. */
export function socketFile(folder: string, slot: number): string {
  return join(folder, `${slot}.sock`);
}

/**
 * Passes requests of SockJS sessions on to the worker that has the session, whichever worker's they have come to. A
 * session's address decides where it lives, so nobody keeps a list, and a worker that takes another's place is found.
 *
 * Between workers it is plain HTTP over a socket in a folder that only this user can enter.
 */
export class Passing {
  private readonly passed = new WeakMap<IncomingMessage, ClientOrigin>();
  private readonly agent = new Agent({ keepAlive: true });
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private originOf: ClientOriginOf | undefined;

  /** @param path RELAY_SOCKJS_PATH */
  constructor(
    private readonly place: WorkerArguments,
    private readonly path: string,
  ) {}

  /** Of a request that was passed on: what the worker that it came to has said. Of any other: what `ordinary` says. */
  clientOrigin(ordinary: ClientOriginOf): ClientOriginOf {
    this.originOf = ordinary;
    return (request) => this.passed.get(request) ?? ordinary(request);
  }

  /** Passes on what belongs to another worker, and leaves the rest to `here`. */
  handler(here: RequestHandler): RequestHandler {
    return (request, response) => {
      const route = readSockjsPath((request.url ?? '/').split('?', 1)[0] ?? '/', this.path);
      const owner = route && 'session' in route ? slotOf(route, this.place.of) : this.place.slot;
      if (owner === this.place.slot) return here(request, response);
      this.passOn(owner, request, response);
      return true;
    };
  }

  /** Takes requests from the other workers. @param app serves them as if they had come here first */
  open(app: RequestListener): Promise<void> {
    // The worker that passes a request on has the deadlines; one that comes over an old connection must not find it closed.
    const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
      const origin = readOrigin(request.headers[ORIGIN]);
      if (origin) {
        this.passed.set(request, origin);
        app(request, response);
      } else response.writeHead(400).end();
    });
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server = server;
    const file = socketFile(this.place.folder, this.place.slot);
    // A predecessor that was killed has left its own.
    rmSync(file, { force: true });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(file, resolve);
    });
  }

  close(): void {
    this.agent.destroy();
    this.server?.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private passOn(owner: number, request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/' } = request;
    const hasBody = method === 'POST';
    const headers = without(request.headers, hasBody ? OF_CONNECTION : [...OF_CONNECTION, 'content-length']);
    headers[ORIGIN] = JSON.stringify(this.originOf?.(request));
    const socketPath = socketFile(this.place.folder, owner);
    const onward = openRequest({ socketPath, agent: this.agent, method, path: url, headers });
    // Both ways: a client that has gone must be gone for the worker that has the session, too.
    response.once('close', () => onward.destroy());
    onward.once('response', (answer) => {
      // Those that this worker has put there, too, are the other's to decide.
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      response.writeHead(answer.statusCode ?? 502, without(answer.headers, OF_CONNECTION));
      response.flushHeaders();
      pipeline(answer, response, () => {});
    });
    onward.once('error', () => {
      if (response.headersSent) response.destroy();
      else refuse(response);
    });
    if (hasBody) request.pipe(onward);
    else onward.end();
  }
}

function without(headers: IncomingHttpHeaders, names: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

function readOrigin(header: string | string[] | undefined): ClientOrigin | undefined {
  try {
    return JSON.parse(String(header)) as ClientOrigin;
  } catch {
    return undefined;
  }
}

/** The worker that has the session is not there; one in its place will not know it either. */
function refuse(response: ServerResponse): void {
  const message = 'what had this session has ended: connect again';
  response.writeHead(503, {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'Retry-After': '1',
  });
  response.end(JSON.stringify({ error: { code: 'ERR_GOING_AWAY', message } }));
}
