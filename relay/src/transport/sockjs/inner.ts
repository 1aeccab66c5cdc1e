import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../logger.js';
import type { WriteScheduler } from '../scheduler.js';
import { SockjsTransport } from './http-transport.js';
import {
  type Channel,
  type ChannelEvents,
  createPackage,
  type InnerRequest,
  type PackageHandler,
} from './package.js';
import type { Receiver, Sender } from './paths.js';

/** Below the 30 s after which a relay asks, the 35 s of jsonp-polling, and the minute of most proxies. */
const HEARTBEAT_MS = 25_000;
/** What a browser keeps of one stream. */
const STREAM_BYTES = 128 * 1024;

export interface InnerOptions {
  readonly scheduler: WriteScheduler;
  readonly maxQueuedBytes: number;
  readonly patience: number;
  readonly log: Logger;
}

/** The inside of the gate: what was let in becomes a request for the `sockjs` package, and its sessions become transports. */
export class Inner {
  private readonly expected = new Map<string, (channel: Channel) => ChannelEvents>();
  private readonly package: PackageHandler;

  constructor(private readonly options: InnerOptions) {
    this.package = createPackage({
      heartbeat: HEARTBEAT_MS,
      patience: options.patience,
      streamBytes: STREAM_BYTES,
      onOpen: (id, channel) => {
        const open = this.expected.get(id);
        this.expected.delete(id);
        return open?.(channel);
      },
      onError: (error) => options.log.warn({ error }, 'the sockjs package has caught an exception'),
    });
  }

  /** The session of this name is about to open. */
  expect(id: string, open: (channel: Channel) => ChannelEvents): void {
    this.expected.set(id, open);
  }

  forget(id: string): void {
    this.expected.delete(id);
  }

  transport(channel: Channel, address: string, onEnded: () => void, kind: Receiver): SockjsTransport {
    const { scheduler, maxQueuedBytes } = this.options;
    return new SockjsTransport(channel, address, scheduler, maxQueuedBytes, onEnded, kind);
  }

  plain(what: 'greeting' | 'info', request: IncomingMessage, response: ServerResponse): void {
    const path = what === 'info' ? '/info' : '/';
    this.package(innerRequest(request, 'GET', path, {}), response);
  }

  receive(
    id: string,
    how: Receiver,
    query: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { origin } = request.headers;
    // The package lets everybody read an event stream unless it knows the Origin, which has been judged by now.
    const headers = how === 'eventsource' && origin !== undefined ? { origin } : {};
    const method = how === 'xhr' || how === 'xhr_streaming' ? 'POST' : 'GET';
    this.package(innerRequest(request, method, `/0/${id}/${how}${query}`, headers), response);
  }

  send(id: string, how: Sender, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const type = request.headers['content-type'];
    const headers = type === undefined ? {} : { 'content-type': type };
    const inner = innerRequest(request, 'POST', `/0/${id}/${how}`, headers);
    // At once: what comes after this request must find it done.
    const on: InnerRequest['on'] = (event, listener) => {
      if (event === 'data' && body.length > 0) listener(body);
      if (event === 'end') listener();
    };
    this.package({ ...inner, on }, response);
  }
}

function innerRequest(
  { socket }: IncomingMessage,
  method: string,
  url: string,
  headers: IncomingHttpHeaders,
): InnerRequest {
  return { method, url, headers, connection: socket };
}
