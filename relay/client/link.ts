import { Client, type IFrame, type IMessage, ReconnectionTimeMode, Versions } from '@stomp/stompjs';
import type { Wire } from './wire.js';

/** Time for the handshake and CONNECTED together, in milliseconds. */
const CONNECT_MS = 20_000;
/** How long a farewell may take. */
const LEAVE_MS = 6000;

/** How a connection ended. */
export interface LinkEnd {
  readonly code: number;
  readonly reason: string;
  /** The ERROR frame before it. */
  readonly error: { readonly headers: Readonly<Record<string, string>>; readonly body: string } | undefined;
}

export interface LinkOptions {
  readonly connectHeaders: Record<string, string>;
  /** Milliseconds. */
  readonly heartbeat: number;
  readonly onConnected: (headers: Readonly<Record<string, string>>) => void;
  readonly onEnd: (end: LinkEnd) => void;
}

type Headers = Readonly<Record<string, string>>;

/** One connection, by stompjs, which does not come back by itself: `Connection` makes the next one. */
export class Link {
  private readonly client: Client;
  private receipts = 0;
  private error: LinkEnd['error'];
  private ended = false;

  constructor(
    private readonly wire: Wire,
    options: LinkOptions,
  ) {
    const { connectHeaders, heartbeat } = options;
    this.client = new Client({
      webSocketFactory: () => wire,
      stompVersions: new Versions([Versions.V1_2, Versions.V1_1]),
      connectHeaders,
      heartbeatIncoming: heartbeat,
      heartbeatOutgoing: heartbeat,
      reconnectDelay: 0,
      reconnectTimeMode: ReconnectionTimeMode.LINEAR,
      connectionTimeout: CONNECT_MS,
      // A network that is gone does not answer a close either.
      discardWebsocketOnCommFailure: true,
      onConnect: ({ headers }: IFrame) => options.onConnected(headers),
      onStompError: ({ headers, body }: IFrame) => {
        this.error ??= { headers, body };
      },
      onHeartbeatReceived: () => wire.answerHeartbeat(heartbeat / 2),
      onWebSocketClose: ({ code, reason }: CloseEvent) => {
        if (this.ended) return;
        this.ended = true;
        void this.client.deactivate();
        options.onEnd({ code, reason, error: this.error });
      },
    });
    this.client.activate();
  }

  get isOpen(): boolean {
    return this.client.connected && !this.ended;
  }

  /** Whether the socket itself has opened. */
  get opened(): boolean {
    return this.wire.opened;
  }

  /** A receipt id of this connection. */
  nextReceipt(): string {
    return `r${++this.receipts}`;
  }

  subscribe(
    destination: string,
    headers: Headers & { readonly id: string },
    onMessage: (message: IMessage) => void,
    onReceipt: () => void,
  ): string {
    const receipt = this.watch(onReceipt);
    this.client.subscribe(destination, onMessage, { ...headers, receipt });
    return receipt;
  }

  unsubscribe(id: string): void {
    this.client.unsubscribe(id);
  }

  /** @returns the receipt's id, by which an ERROR names this frame */
  send(destination: string, body: string, headers: Headers, onReceipt: (headers: Headers) => void): string {
    const receipt = this.watch(onReceipt);
    this.client.publish({ destination, body, headers: { ...headers, receipt } });
    return receipt;
  }

  /** DISCONNECT, its RECEIPT, and the close; without them when the relay does not answer in time. */
  async leave(): Promise<void> {
    const late = setTimeout(() => this.wire.terminate(), LEAVE_MS);
    await this.client.deactivate();
    clearTimeout(late);
  }

  drop(): void {
    this.wire.terminate();
  }

  private watch(onReceipt: (headers: Headers) => void): string {
    const receipt = this.nextReceipt();
    this.client.watchForReceipt(receipt, ({ headers }) => onReceipt(headers));
    return receipt;
  }
}
