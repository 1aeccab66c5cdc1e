import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Admission, Seat } from '../../admission/admission.js';
import type { Failures } from '../../auth/failures.js';
import type { Identity, SignIn } from '../../auth/identity.js';
import type { DenialLog } from '../../denial-log.js';
import type { Departure } from '../../departure.js';
import { LimitError, RelayError } from '../../errors.js';
import type { ClientOriginOf } from '../../http/client-address.js';
import { HttpError } from '../../http/errors.js';
import type { Logger } from '../../logger.js';
import type { WriteScheduler } from '../scheduler.js';
import type { OpenedTransport } from '../transport.js';
import { readBody } from './body.js';
import { admit, answerPreflight, shareWithOrigin, type Visitor } from './door.js';
import { secureHtmlfile } from './htmlfile.js';
import { Inner } from './inner.js';
import { Owner, signInWith } from './owner.js';
import { Framing, loadableAnywhere, servePage } from './pages.js';
import { type Receiver, readSockjsPath, type Sender, type SessionPath, type SockjsRoute } from './paths.js';
import { refuse } from './refusals.js';
import { SockjsSession } from './session.js';

export interface SockjsOptions {
  /** RELAY_SOCKJS_PATH */
  readonly path: string;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly clientOrigin: ClientOriginOf;
  readonly signIn: SignIn;
  readonly failures: Pick<Failures, 'count'>;
  readonly admission: Admission;
  readonly departure: Departure;
  readonly scheduler: WriteScheduler;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  /** RELAY_HTTP_RATE: requests per second of one session; twice as many at once. */
  readonly requestRate: number;
  /** RELAY_CONFIRM_TIMEOUT: milliseconds for which a client may be away between two requests. */
  readonly patience: number;
  readonly log: Logger;
  readonly denials: DenialLog;
  onRefused(reason: string): void;
  /** Is told the name of a setting that refuses somebody. */
  onLimit(limit: string): void;
  /** `identity` is undefined when the token is still to come in the CONNECT frame. */
  onTransport(transport: OpenedTransport, seat: Seat, identity: Identity | undefined): void;
}

/** Between two looks whether everybody knows that the relay goes. */
const LOOK_MS = 20;
const STREAMS: ReadonlySet<Receiver> = new Set(['xhr_streaming', 'eventsource', 'htmlfile']);
const POSTED: ReadonlySet<Receiver | Sender> = new Set(['xhr', 'xhr_streaming', 'xhr_send', 'jsonp_send']);

/**
 * SockJS over plain HTTP. Everything that decides is here, before the `sockjs` package sees a request of our own
 * making: path, method, Origin, token, seat, size, rate, and whose session it is.
 */
export class SockjsGate {
  private readonly sessions = new Map<string, SockjsSession>();
  private readonly framing: Framing;
  private readonly inner: Inner;

  constructor(private readonly options: SockjsOptions) {
    this.framing = new Framing(options.allowedOrigins);
    this.inner = new Inner(options);
  }

  /** Sessions whose client may still come for something. */
  get size(): number {
    return this.sessions.size;
  }

  /** Serves a request below the SockJS path; false for any other. */
  readonly handle = (request: IncomingMessage, response: ServerResponse): boolean => {
    // Not parsed as a URL: a request line such as `//[` is none.
    const route = readSockjsPath((request.url ?? '/').split('?', 1)[0] ?? '/', this.options.path);
    if (!route) return false;
    this.serve(route, request, response).catch((error: unknown) => {
      if (error instanceof LimitError && error.limit === 'RELAY_HTTP_RATE') {
        this.options.onLimit(error.limit);
      }
      const { address } = this.options.clientOrigin(request);
      refuse(error, request, response, address, this.options);
    });
    return true;
  };

  /** Resolves when every client has fetched the close of its session, at the latest after `limit` milliseconds. */
  async told(limit: number): Promise<void> {
    const deadline = Date.now() + limit;
    const isWaiting = () => [...this.sessions.values()].some(({ transport }) => transport?.isToTell);
    while (isWaiting() && Date.now() < deadline) await delay(LOOK_MS);
  }

  /** Forgets everybody. */
  close(): void {
    for (const session of this.sessions.values()) session.transport?.terminate();
  }

  private async serve(route: SockjsRoute, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clientOrigin, allowedOrigins } = this.options;
    if (route.kind === 'unknown') {
      throw new HttpError(
        404,
        'ERR_NOT_FOUND',
        `SockJS has nothing here; its clients connect to ${this.options.path}`,
      );
    }
    const visitor = admit(request, clientOrigin, allowedOrigins);
    shareWithOrigin(request, response);
    const methods =
      'how' in route && POSTED.has(route.how) ? ['OPTIONS', 'POST'] : ['OPTIONS', 'GET', 'HEAD'];
    if (request.method === 'OPTIONS') return answerPreflight(response, methods);
    // A HEAD that opens a session would be one that nobody can read.
    const takes = route.kind === 'receive' ? methods.filter((method) => method !== 'HEAD') : methods;
    if (!takes.includes(request.method ?? '')) {
      const allow = takes.join(', ');
      throw new HttpError(405, 'ERR_METHOD_NOT_ALLOWED', `this address takes ${allow}`, { Allow: allow });
    }
    switch (route.kind) {
      case 'receive':
        return this.receive(route, request, response, visitor);
      case 'send':
        return this.send(route, request, response, visitor);
      case 'websocket':
        throw new HttpError(426, 'ERR_UPGRADE', 'this address is for WebSockets', { Upgrade: 'websocket' });
      case 'greeting':
      case 'info':
        this.options.departure.admit();
        return this.inner.plain(route.kind, request, response);
      default:
        servePage(route.kind, response, this.framing);
    }
  }

  private async receive(
    route: SessionPath & { how: Receiver },
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
  ): Promise<void> {
    const { how } = route;
    const query = callbackOf(how, request);
    // nginx would otherwise keep a stream until its buffer is full.
    response.setHeader('X-Accel-Buffering', 'no');
    if (how === 'jsonp') loadableAnywhere(response);
    if (how === 'htmlfile') secureHtmlfile(response, this.framing);
    const handOver = (session: SockjsSession) =>
      this.inner.receive(session.id, how, query, request, response);
    const known = this.sessions.get(keyOf(route));
    if (!known) return this.open(keyOf(route), how, response, visitor, handOver);
    await known.opened;
    await known.owner?.check(visitor.found, visitor.address);
    await known.turn();
    if (response.destroyed) return;
    known.transport?.receive(response, STREAMS.has(how), () => handOver(known));
  }

  /** The first request for messages opens the session. */
  private async open(
    key: string,
    how: Receiver,
    response: ServerResponse,
    { found, address }: Visitor,
    handOver: (session: SockjsSession) => void,
  ): Promise<void> {
    const { admission, departure, signIn, requestRate } = this.options;
    departure.admit();
    const seat = admission.enter(address);
    const session = new SockjsSession(key, requestRate);
    this.sessions.set(key, session);
    const leave = () => {
      seat.leave();
      this.forget(session);
    };
    try {
      const identity = found && (await signInWith(signIn, found, address));
      if (identity) seat.occupy(identity);
      session.owner = new Owner(signIn, identity, found);
      if (response.destroyed) throw gone();
      departure.admit();
      this.inner.expect(session.id, (channel) => {
        const transport = this.inner.transport(channel, address, leave, how);
        session.open(transport);
        this.options.onTransport(transport, seat, identity);
        transport.opened(response, STREAMS.has(how));
        return transport;
      });
      handOver(session);
      await new Promise(setImmediate);
      if (!session.transport) throw gone();
    } catch (error) {
      leave();
      session.refuse(error);
      throw error;
    }
  }

  private async send(
    route: SessionPath & { how: Sender },
    request: IncomingMessage,
    response: ServerResponse,
    visitor: Visitor,
  ): Promise<void> {
    if (route.how === 'jsonp_send') this.framing.allow(response, "script-src 'none'");
    const session = this.sessions.get(keyOf(route));
    if (!session) throw this.unknownSession(visitor.address);
    await session.opened;
    const { transport } = session;
    await session.owner?.check(visitor.found, visitor.address);
    if (!transport) throw this.unknownSession(visitor.address);
    await session.inOrder(async () => {
      const body = await this.bodyOf(request, session);
      if (body === undefined) return;
      await session.turn();
      await transport.untilRead();
      if (transport.isEnded) throw this.unknownSession(visitor.address);
      if (!response.destroyed) this.inner.send(session.id, route.how, body, request, response);
    });
  }

  /** A client that batches may send much at once, as soon as it is known who it is. */
  private async bodyOf(request: IncomingMessage, { transport }: SockjsSession): Promise<Buffer | undefined> {
    const { maxFrameBytes, maxQueuedBytes } = this.options;
    const one = maxFrameBytes * 2 + 65_536;
    try {
      return await readBody(request, (transport?.sent ?? 0) > 0 ? Math.max(one, maxQueuedBytes) : one);
    } catch (error) {
      if (error instanceof HttpError && error.status === 413) transport?.tooLarge();
      throw error;
    }
  }

  /** Whoever tries addresses of sessions is counted as one who tries tokens. */
  private unknownSession(address: string): unknown {
    const message = 'there is no such SockJS session here: connect again';
    const error = this.options.failures.count(
      new RelayError('ERR_NO_SESSION', message, 'goingAway'),
      address,
    );
    return error instanceof LimitError ? error : new HttpError(404, 'ERR_NO_SESSION', message);
  }

  private forget(session: SockjsSession): void {
    if (this.sessions.get(session.key) === session) this.sessions.delete(session.key);
    this.inner.forget(session.id);
  }
}

function gone(): RelayError {
  return new RelayError('ERR_GONE', 'the client has left', 'goingAway');
}

/** Both parts, although the package looks at the second only: so there is more to guess. */
function keyOf({ server, session }: SessionPath): string {
  return `${server}/${session}`;
}

const CALLBACK = /^[A-Za-z0-9_.]{1,64}$/;

/**
 * The query for the package: the name of the function that a script or frame is to call, where there is one. It is written
 * into script, and so must be nothing but a name.
 * @throws HttpError 400
 */
function callbackOf(how: Receiver, { url = '/' }: IncomingMessage): string {
  if (how !== 'jsonp' && how !== 'htmlfile') return '';
  const start = url.indexOf('?');
  const query = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
  const name = query.get('c') ?? query.get('callback') ?? '';
  if (CALLBACK.test(name)) return `?c=${name}`;
  throw new HttpError(400, 'ERR_BAD_CALLBACK', '"c" takes the name of a function: letters, digits, _ and .');
}
