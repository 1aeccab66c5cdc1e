import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { WriteScheduler } from '../../src/transport/scheduler.js';
import type { TransportEvents } from '../../src/transport/transport.js';
import { WebSocketTransport } from '../../src/transport/websocket.js';

/** Notes what a transport tells its session. */
export class Events implements TransportEvents {
  readonly data: string[] = [];
  readonly proofs: number[] = [];
  overflows = 0;
  drains = 0;
  closed: number | undefined;

  onData(chunk: Buffer): void {
    this.data.push(chunk.toString());
  }
  onProof(count: number): void {
    this.proofs.push(count);
  }
  onDrain(): void {
    this.drains++;
  }
  onOverflow(): void {
    this.overflows++;
  }
  onClose(code: number): void {
    this.closed = code;
  }
}

export interface Pair {
  transport: WebSocketTransport;
  events: Events;
  /** The server's end of the TCP connection. */
  socket: Duplex;
  client: WebSocket;
  /** The client's end of the TCP connection. */
  wire: Socket;
  /** What the client received: one entry per WebSocket message. */
  messages: { data: Buffer; binary: boolean }[];
}

/** A server with the settings of the relay, whose every connection becomes a transport. */
export class TransportServer {
  private readonly http: Server = createServer();
  private readonly ws = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 4 << 20,
  });
  private readonly scheduler = new WriteScheduler();
  private readonly clients: WebSocket[] = [];

  static async open(): Promise<TransportServer> {
    const server = new TransportServer();
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  /** One at a time: the next connection is taken for this one. */
  async pair(options: ClientOptions = {}, maxQueuedBytes = 1 << 20): Promise<Pair> {
    const accepted = new Promise<Pick<Pair, 'transport' | 'events' | 'socket'>>((resolve) => {
      this.http.once('upgrade', (request, socket, head) => {
        this.ws.handleUpgrade(request, socket, head, (ws) => {
          const transport = new WebSocketTransport(ws, socket, 'test', this.scheduler, maxQueuedBytes);
          const events = new Events();
          transport.attach(events);
          resolve({ transport, events, socket });
        });
      });
    });
    const { port } = this.http.address() as AddressInfo;
    const wire = connect(port, '127.0.0.1');
    const client = new WebSocket('ws://127.0.0.1/', {
      ...options,
      createConnection: () => wire,
    });
    client.on('error', () => {});
    this.clients.push(client);
    const open = new Promise((resolve) => client.once('open', resolve));
    const messages: Pair['messages'] = [];
    client.on('message', (data: Buffer, binary: boolean) => messages.push({ data, binary }));
    await open;
    return { ...(await accepted), client, wire, messages };
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.terminate();
    await new Promise((resolve) => this.http.close(resolve));
  }
}
