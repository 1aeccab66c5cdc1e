import { ask } from './http.js';
import type { RelayClientOptions, WebSocketConstructor, WebSocketLike } from './types.js';

export type TransportKind = 'websocket' | 'sockjs';

/** What is opened, and how the relay learns who comes. */
export interface Opening {
  readonly kind: TransportKind;
  readonly socket: WebSocketLike;
  readonly connectHeaders: Record<string, string>;
}

export interface TransportOptions extends RelayClientOptions {
  /** Gets a WebSocket where the platform has none. */
  readonly loadWebSocket?: () => Promise<WebSocketConstructor>;
}

/** Time for a WebSocket to open before SockJS is thought of, for an answer of the relay, and until WebSocket is tried again. */
export const OPEN_MS = 5000;
const ASK_MS = 10_000;
const AGAIN_MS = 10 * 60_000;
const PROTOCOLS = ['v12.stomp', 'v11.stomp'];

/** Opens connections, over SockJS where WebSockets do not get through although HTTP does. */
export class Transports {
  readonly base: string;
  private failures = 0;
  private sockjsUntil = 0;

  constructor(private readonly options: TransportOptions) {
    const page = (globalThis as { location?: { origin: string } }).location?.origin;
    if (options.url === undefined && page === undefined) {
      throw new TypeError(
        'say where the relay is: createRelayClient({ url: "https://relay.example.com", … })',
      );
    }
    this.base = (options.url ?? page ?? '').replace(/\/+$/, '').replace(/^ws/, 'http');
  }

  /** Whether there is anything else to try when a WebSocket does not open. */
  get canFallBack(): boolean {
    const { sockjs, transport = 'auto' } = this.options;
    return sockjs !== undefined && transport === 'auto';
  }

  /**
   * Begins a connection, which may not get far.
   * @throws HttpRefused when a ticket is refused, or whatever makes it impossible to begin
   */
  async open(token: string): Promise<Opening> {
    const { options, base } = this;
    const authorization = { Authorization: `Bearer ${token}` };
    if ((await this.kind()) === 'sockjs' && options.sockjs) {
      const { default: SockJs } = await options.sockjs();
      // Whoever guesses the address of a session can read along: sockjs-client's own default is 8 characters.
      const socket = new SockJs(base + (options.sockjsPath ?? '/sockjs'), null, { sessionId: 24 });
      // A ticket opens one connection, and SockJS makes many requests: here the token is in CONNECT.
      return { kind: 'sockjs', socket, connectHeaders: authorization };
    }
    const WebSocket = await this.webSocket();
    if (options.auth === 'ticket') {
      const { url } = await ask<{ url: string }>('POST', `${base}/api/tickets`, token, undefined, ASK_MS);
      return { kind: 'websocket', socket: new WebSocket(url, PROTOCOLS), connectHeaders: {} };
    }
    const url = base.replace(/^http/, 'ws') + (options.path ?? '/ws');
    return { kind: 'websocket', socket: new WebSocket(url, PROTOCOLS), connectHeaders: authorization };
  }

  /** @param reached whether the relay itself was heard over this connection */
  ended(kind: TransportKind, reached: boolean, slow: boolean): void {
    if (kind === 'sockjs') {
      if (!reached) this.sockjsUntil = 0;
    } else this.failures = reached ? 0 : this.failures + (slow ? 2 : 1);
  }

  private async kind(): Promise<TransportKind> {
    const { transport = 'auto' } = this.options;
    if (transport !== 'auto') return transport;
    if (!this.canFallBack) return 'websocket';
    if (Date.now() < this.sockjsUntil) return 'sockjs';
    if (this.failures < 2 || !(await this.sockjsAnswers())) return 'websocket';
    this.sockjsUntil = Date.now() + AGAIN_MS;
    // The next try of WebSocket has one chance.
    this.failures = 1;
    return 'sockjs';
  }

  private async sockjsAnswers(): Promise<boolean> {
    const url = `${this.base}${this.options.sockjsPath ?? '/sockjs'}/info`;
    try {
      return (await fetch(url, { signal: AbortSignal.timeout(ASK_MS) })).ok;
    } catch {
      return false;
    }
  }

  private async webSocket(): Promise<WebSocketConstructor> {
    const { options } = this;
    const found =
      options.WebSocket ??
      (await options.loadWebSocket?.()) ??
      (globalThis as { WebSocket?: WebSocketConstructor }).WebSocket;
    if (!found) throw new TypeError('there is no WebSocket here: give the option WebSocket');
    return found;
  }
}
