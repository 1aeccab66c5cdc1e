import type { Readable } from './observable.js';

export type { Readable };

/**
 * Where the connection stands. `waiting` comes back by itself, `stopped` does not: `connect()` starts it again.
 * Times are milliseconds since the epoch.
 */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting'; readonly attempt: number }
  | {
      readonly status: 'connected';
      /** As the relay verified it. */
      readonly user: string;
      readonly session: string;
      /** The relay that serves this connection, where it tells. */
      readonly node: string | undefined;
      readonly version: string;
      readonly transport: 'websocket' | 'sockjs';
      readonly since: number;
    }
  | {
      readonly status: 'waiting';
      readonly attempt: number;
      readonly retryAt: number;
      readonly reason: string;
      readonly code: number | undefined;
    }
  | { readonly status: 'stopped'; readonly reason: string; readonly code: number | undefined }
  | { readonly status: 'closed' };

/** A MESSAGE, whatever way it came: live, replayed, or pulled. */
export interface RelayMessage {
  /** By which duplicates are told apart: `amqp-message-id`, or `message-id` where the publisher set none. */
  readonly id: string;
  /** What was subscribed to. */
  readonly destination: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As text; what is no UTF-8 is in `bytes` unharmed. */
  readonly body: string;
  readonly bytes: Uint8Array;
  /** It had waited in the mailbox. */
  readonly unread: boolean;
  /** The verified user who sent it, by the header `relay-user`; undefined when a service did. */
  readonly sender: string | undefined;
}

/** Unread mail by destination, without `/user`: `{"/topic/reply": 3}`. */
export interface UnreadCounts {
  readonly total: number;
  readonly counts: Readonly<Record<string, number>>;
}

/** A frame as it went by, for people to look at: secrets are masked. */
export interface WireFrame {
  readonly direction: 'in' | 'out';
  readonly at: number;
  /** `CONNECT`, `MESSAGE` …, or `heart-beat`. */
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface SubscribeOptions {
  /**
   * What of the mailbox comes first, for `/user/…`:
   * - `pull` (default): fetched over HTTP at every connect, merged in front of what is live
   * - `replay`: the relay sends it over the socket (`unread:replay`)
   * - `none`: left where it is
   */
  readonly unread?: 'pull' | 'replay' | 'none';
  /** Further headers of SUBSCRIBE, but for `ack`: who acknowledges messages uses stompjs itself. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Called when the relay ended it after it had been ready: refused at a later connect, or no longer allowed by the claims
   * of a new token.
   */
  readonly onEnded?: (error: Error) => void;
}

export interface RelaySubscription {
  /** Resolves when nothing later can be missed; rejects when it was refused. */
  readonly ready: Promise<void>;
  unsubscribe(): void;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is given up, also while there is no connection. Default 30,000. */
  readonly timeout?: number;
}

/** The relay as an application sees it. All methods may be called in any state; subscriptions outlive connections. */
export interface RelayClient {
  readonly state: Readable<ConnectionState>;
  /** Kept up to date from `/user/relay.unread` while somebody listens. */
  readonly unread: Readable<UnreadCounts>;
  /** Every frame that goes by, while somebody listens; the answer stops it. */
  onFrame(listener: (frame: WireFrame) => void): () => void;
  /** Connects, and comes back by itself from then on. Resolves with the first CONNECTED; rejects when it stopped. */
  connect(): Promise<void>;
  subscribe(
    destination: string,
    onMessage: (message: RelayMessage) => void,
    options?: SubscribeOptions,
  ): RelaySubscription;
  /**
   * SEND. Resolves with the RECEIPT: the broker has it. Sent again, with the same `amqp-message-id`, when the
   * connection was lost before.
   */
  send(destination: string, body: string, options?: SendOptions): Promise<void>;
  /**
   * SEND with a `reply-to` of this client's own and a `correlation-id`; resolves with the first answer.
   * Replies are worth nothing once nobody waits: services send them with `relay-unread: drop`.
   */
  request(destination: string, body: string, options?: SendOptions): Promise<RelayMessage>;
  /** Fetches a token and gives it to the live session. */
  refresh(): Promise<void>;
  /** Drops the connection as a broken network would; it comes back by itself. */
  dropConnection(): void;
  /** DISCONNECT. It does not come back. */
  close(): Promise<void>;
}

export interface RelayClientOptions {
  /** Where the relay is, `https://relay.example.com`, in front of the paths below. Default: the page's own origin. */
  readonly url?: string;
  /** Default `/ws`. */
  readonly path?: string;
  /** Default `/sockjs`. */
  readonly sockjsPath?: string;
  /**
   * Fetches a token, fresh when `stale` is given: the one that was refused or is about to end. Called before each
   * connect that needs one, and ahead of its end. A rejection with a `TokenRefused` stops; any other is tried again.
   */
  readonly token: (stale?: string) => string | Promise<string>;
  /** `connect`: the token goes in the CONNECT frame (default). `ticket`: it buys a ticket over HTTP before each connect. */
  readonly auth?: 'connect' | 'ticket';
  /** SockJS for where WebSocket is blocked: `() => import('sockjs-client')`. Default none. */
  readonly sockjs?: () => Promise<SockJsModule>;
  /** `sockjs` uses it from the first connect on. Default `auto`. */
  readonly transport?: 'auto' | 'websocket' | 'sockjs';
  /** For Node before 22: `WebSocket` of the package `ws`. Default: the global one. */
  readonly WebSocket?: WebSocketConstructor;
  /** One socket for all tabs: `() => new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module' })`, where the browser has it. */
  readonly sharedWorker?: () => SharedWorker;
  /**
   * Tabs of one page share a socket only when they say the same here: the user's name, or whatever tells sessions
   * apart. Two users in two tabs of one browser must never share one. Needed with `sharedWorker`.
   */
  readonly shareKey?: string;
  /** Heart-beat interval both ways, in milliseconds. Default 10,000. */
  readonly heartbeat?: number;
}

export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  readonly readyState: number;
  readonly url: string;
  send(data: string | ArrayBuffer): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string, protocols?: string[]) => WebSocketLike;

export interface SockJsModule {
  readonly default: new (url: string, reserved?: null, options?: Record<string, unknown>) => WebSocketLike;
}
