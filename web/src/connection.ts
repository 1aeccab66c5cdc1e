import { Client, type IFrame, type IMessage, ReconnectionTimeMode } from '@stomp/stompjs';
import { judgeClose } from './close.js';
import { DemoOffError, TokenRefusedError, type TokenSource } from './token.js';

/** Where the connection stands; `reason` says why, with the close code. */
export type ConnectionState =
  | { kind: 'disconnected'; reason: string | undefined }
  | { kind: 'connecting'; user: string | undefined }
  | { kind: 'connected'; user: string | undefined; version: string }
  | { kind: 'reconnecting'; reason: string; attempt: number };

/** What the relay said in an ERROR frame, or what the page itself has to complain about. */
export interface Complaint {
  message: string;
  detail: string;
  /** The receipt that the refused frame had asked for. */
  receipt: string | undefined;
}

export interface ConnectionEvents {
  state(state: ConnectionState): void;
  /** After every CONNECTED, also the one after a reconnection: subscribe here. */
  connected(): void;
  /** After every end of a connection, wanted or not: no RECEIPT is to be counted on any more. */
  lost(): void;
  complaint(complaint: Complaint): void;
  demoOff(): void;
}

/** One STOMP connection that comes back by itself as long as the close code lets it. */
export class Connection {
  readonly #events: ConnectionEvents;
  #client: Client | undefined;
  #attempt = 0;

  constructor(events: ConnectionEvents) {
    this.#events = events;
  }

  /** True between `connect` and the end, also while it tries again. */
  get active(): boolean {
    return this.#client !== undefined;
  }

  get connected(): boolean {
    return this.#client?.connected ?? false;
  }

  connect(tokens: TokenSource): void {
    if (this.#client !== undefined) return;
    this.#attempt = 0;
    this.#events.state({ kind: 'connecting', user: tokens.user });
    let wasConnected = false;
    /** What the relay has asked for, in milliseconds, on top of the time between two attempts. */
    let wait = 0;

    const client = new Client({
      brokerURL: webSocketUrl(),
      heartbeatIncoming: 10_000,
      heartbeatOutgoing: 10_000,
      connectionTimeout: 10_000,
      // Spread, so that a relay that restarts is not met by all its pages in the same instant.
      reconnectDelay: 500 + Math.round(Math.random() * 500),
      maxReconnectDelay: 15_000,
      reconnectTimeMode: ReconnectionTimeMode.EXPONENTIAL,
      // A socket on a dead network takes minutes to close; do not wait for it.
      discardWebsocketOnCommFailure: true,
      beforeConnect: async () => {
        await new Promise((resolve) => setTimeout(resolve, wait));
        wait = 0;
        const token = await this.#token(tokens, client);
        if (token !== undefined) client.connectHeaders = { Authorization: `Bearer ${token}` };
      },
      onConnect: (frame: IFrame) => {
        wasConnected = true;
        this.#attempt = 0;
        const user = decodeName(frame.headers['user-name']) ?? tokens.user;
        this.#events.state({ kind: 'connected', user, version: frame.headers.version ?? '1.0' });
        this.#events.connected();
      },
      onStompError: (frame: IFrame) => {
        wait = 1000 * Number(frame.headers['retry-after'] ?? 0);
        const message = frame.headers.message ?? 'The relay sent an ERROR without a message.';
        this.#events.complaint({
          message,
          detail: frame.body === message ? '' : frame.body,
          receipt: frame.headers['receipt-id'],
        });
      },
      onWebSocketClose: (event: CloseEvent) => {
        if (client !== this.#client) return;
        const verdict = judgeClose(event.code, event.reason, {
          canRenewToken: tokens.renewable,
          wasConnected,
        });
        wasConnected = false;
        if (verdict.reconnect) {
          this.#events.lost();
          this.#attempt += 1;
          this.#events.state({ kind: 'reconnecting', reason: verdict.reason, attempt: this.#attempt });
        } else {
          this.#stop(client, verdict.reason);
        }
      },
    });
    this.#client = client;
    client.activate();
  }

  /** Leaves, with a DISCONNECT frame where there is a connection. */
  disconnect(): void {
    if (this.#client !== undefined) this.#stop(this.#client, undefined);
  }

  /** SUBSCRIBE. `confirmed` is called when the RECEIPT is here: from then on nothing can be missed. */
  subscribe(
    destination: string,
    id: string,
    onMessage: (message: IMessage) => void,
    confirmed: () => void,
  ): void {
    this.#client?.watchForReceipt(id, confirmed);
    // What came while nobody was here comes first.
    const missed = /^\/user\/(?!relay\.)/.test(destination) ? { unread: 'replay' } : {};
    this.#client?.subscribe(destination, onMessage, { id, receipt: id, ...missed });
  }

  unsubscribe(id: string): void {
    if (this.connected) this.#client?.unsubscribe(id);
  }

  /** SEND. `confirmed` is called when the RECEIPT is here: the broker has the message. */
  send(destination: string, body: string, receipt: string, confirmed: () => void): void {
    this.#client?.watchForReceipt(receipt, confirmed);
    this.#client?.publish({
      destination,
      body,
      headers: { receipt, 'content-type': 'text/plain;charset=utf-8' },
    });
  }

  async #token(tokens: TokenSource, client: Client): Promise<string | undefined> {
    try {
      return await tokens.get();
    } catch (error) {
      // Without hope: stop. Otherwise go on with the old token, so that stompjs keeps its schedule.
      if (client === this.#client && (error instanceof DemoOffError || error instanceof TokenRefusedError)) {
        this.#stop(client, undefined);
        if (error instanceof DemoOffError) this.#events.demoOff();
        this.#events.complaint({ message: error.message, detail: '', receipt: undefined });
      }
      return undefined;
    }
  }

  #stop(client: Client, reason: string | undefined): void {
    this.#client = undefined;
    void client.deactivate();
    this.#events.lost();
    this.#events.state({ kind: 'disconnected', reason });
  }
}

/** The relay percent-encodes the user name in CONNECTED, where STOMP 1.2 has no escapes. */
function decodeName(name: string | undefined): string | undefined {
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** `ws` beside this page: ws:// for http://, wss:// for https://. */
function webSocketUrl(): string {
  const url = new URL('ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = '';
  url.hash = '';
  return url.href;
}
