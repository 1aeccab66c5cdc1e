import { EventEmitter } from 'node:events';
import { rmSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Registry } from 'prom-client';
import type { RelayConfig } from '../config.js';
import type { ClientOriginOf } from '../http/client-address.js';
import {
  ALIVE_EVERY_MS,
  type FromWorker,
  type Standing,
  type ToWorker,
  type WorkerArguments,
} from './messages.js';
import { Passing, type RequestHandler } from './passing.js';
import type { Place, Scrape } from './place.js';

/** How long closed connections are gathered before they are told, in milliseconds. */
const GATHER_MS = 50;
/** How long the metrics of all may take, in milliseconds. */
const SCRAPE_MS = 5000;

/** This process as one of several workers: what it hears from the one that started it, and tells it. */
export class Worker implements Place {
  /**
   * Signals as they are meant. Those of a terminal, or of systemd, go to all processes of a relay, and the first process
   * passes them on all the same: only a second one that it passes on is a second one.
   */
  readonly signals = new EventEmitter();
  private readonly passing: Passing;
  private current: Standing;
  private registry: Registry | undefined;
  private onConnection: ((id: number, socket: Socket | undefined) => void) | undefined;
  private leaving = false;
  private readonly scrapers: ((text: string) => void)[] = [];

  constructor(
    private readonly place: WorkerArguments,
    env: RelayConfig['env'],
  ) {
    this.passing = new Passing(place, env.RELAY_SOCKJS_PATH);
    this.current = { ready: 0, of: place.of };
    // Whoever looks for a client in the logs of its relay finds the worker, too.
    env.RELAY_NODE_ID = [env.RELAY_NODE_ID ?? [], `w${place.slot}`].flat().join('-');
    process.on('message', (message: ToWorker, socket?: Socket) => this.hear(message, socket));
    setInterval(() => this.tell({ type: 'alive' }), ALIVE_EVERY_MS).unref();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.leave(signal, false));
    process.on('disconnect', () => this.signals.emit('disconnect'));
  }

  tell(message: FromWorker): void {
    if (process.connected) process.send?.(message);
  }

  /** Tells why it cannot start, and ends. */
  fail(message: string): void {
    if (process.connected)
      process.send?.({ type: 'failed', message } satisfies FromWorker, () => process.exit(1));
    else process.exit(1);
  }

  async listen(server: Server, app: RequestListener): Promise<number> {
    let sockets = 0;
    let isTold = true;
    const onLost = () => {
      sockets--;
      if (!isTold) return;
      isTold = false;
      const timer = setTimeout(() => {
        isTold = true;
        this.tell({ type: 'lost', sockets });
      }, GATHER_MS);
      timer.unref();
    };
    const isTls = server instanceof TlsServer;
    this.onConnection = (id, socket) => {
      if (socket) {
        socket.once('close', onLost);
        sockets++;
        // As those have that an HTTP server accepts itself.
        socket.allowHalfOpen = !isTls;
        if (sockets > server.maxConnections) {
          server.emit('drop');
          socket.destroy();
        } else server.emit('connection', socket);
      }
      this.tell({ type: 'took', id, sockets });
    };
    server.once('close', () => this.tell({ type: 'closed' }));
    await this.passing.open(app);
    // What Node begins to look for late requests at; the first process does the listening.
    server.emit('listening');
    this.tell({ type: 'open' });
    return this.place.port;
  }

  clientOrigin(ordinary: ClientOriginOf): ClientOriginOf {
    return this.passing.clientOrigin(ordinary);
  }

  sockjs(here: RequestHandler): RequestHandler {
    return this.passing.handler(here);
  }

  scrape(registry: Registry): Scrape {
    this.registry = registry;
    return { contentType: registry.contentType, metrics: () => this.askForAll() };
  }

  standing(): Standing {
    return this.current;
  }

  close(): void {
    this.passing.close();
    // The process that made it was killed, and cannot do it any more.
    if (!process.connected) rmSync(this.place.folder, { recursive: true, force: true });
  }

  private hear(message: ToWorker, socket: Socket | undefined): void {
    switch (message.type) {
      case 'connection':
        this.onConnection?.(message.id, socket);
        break;
      case 'leave':
        this.leave('SIGTERM', message.again);
        break;
      case 'standing':
        this.current = { ready: message.ready, of: message.of };
        break;
      case 'count':
        void this.count();
        break;
      case 'page':
        for (const give of this.scrapers.splice(0)) give(message.text);
        break;
    }
  }

  private leave(signal: 'SIGTERM' | 'SIGINT', again: boolean): void {
    if (this.leaving && !again) return;
    this.leaving = true;
    this.tell({ type: 'leaving' });
    this.signals.emit(signal);
  }

  private async count(): Promise<void> {
    const figures = (await this.registry?.getMetricsAsJSON()) ?? [];
    this.tell({ type: 'figures', figures });
  }

  private askForAll(): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the metrics of all workers did not come')), SCRAPE_MS);
      this.scrapers.push((text) => {
        clearTimeout(timer);
        resolve(text);
      });
      this.tell({ type: 'scrape' });
    });
  }
}
