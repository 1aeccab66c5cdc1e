import { Client, FrameImpl, type IRawFrameType, Parser, type StompHeaders, Versions } from '@stomp/stompjs';
import { type ClientOptions, WebSocket } from 'ws';
import { SockjsAdapter } from './sockjs-adapter.js';
import type { SockjsTransportName, TextSocket } from './sockjs-socket.js';
import { waitFor } from './wait.js';

/** One frame as it came off the wire. Repeated headers: the first counts. */
export interface ReceivedFrame {
  command: string;
  headers: Record<string, string>;
  body: Buffer;
}

export interface StompOptions {
  /** WebSocket URL without credentials. */
  url: string;
  connectHeaders?: StompHeaders;
  /** STOMP versions that are offered; all three by default. */
  versions?: ('1.0' | '1.1' | '1.2')[];
  /** Milliseconds: what the client sends and what it wants. Off by default. */
  heartbeat?: { outgoing: number; incoming: number };
  /** Sub-protocols of the handshake, instead of those that follow from `versions`. */
  protocols?: string[];
  /** More for the handshake, such as request headers. */
  socket?: ClientOptions;
  /** A SockJS transport instead of a plain WebSocket, or a client of one; `url` is that of the SockJS endpoint then. */
  sockjs?: SockjsTransportName | TextSocket;
  /** How long the connection may take, in milliseconds. */
  timeout?: number;
}

/**
 * Hands every message to stompjs as bytes: RabbitMQ sends text messages even when the body is not UTF-8,
 * and turning those into strings would change them.
 */
class ByteSocket extends WebSocket {
  onBytes: ((data: Buffer, binary: boolean) => void) | undefined;

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'message') return super.emit(event, ...args);
    const data = args[0];
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data as ArrayBuffer);
    this.onBytes?.(bytes, args[1] === true);
    return super.emit('message', bytes, true);
  }
}

const unescaped: Record<string, string> = { n: '\n', r: '\r', c: ':', '\\': '\\' };

/** stompjs undoes escapes one kind after another and so reads an escaped backslash before an n as a line feed. */
function readHeaders(list: [string, string][], escaped: boolean): Record<string, string> {
  const decode = (text: string) =>
    escaped ? text.replace(/\\([nrc\\])/g, (whole, letter: string) => unescaped[letter] ?? whole) : text;
  const headers: Record<string, string> = {};
  for (const [name, value] of list) headers[decode(name)] ??= decode(value);
  return headers;
}

/** Over SockJS, a body that is not UTF-8 comes as base64. */
function bodyOf({ headers, binaryBody = new Uint8Array() }: IRawFrameType): Buffer {
  const body = Buffer.from(binaryBody);
  const isBase64 = headers.some(([name, value]) => name === 'relay-encoding' && value === 'base64');
  return isBase64 ? Buffer.from(body.toString('latin1'), 'base64') : body;
}

/**
 * A connected stompjs client that keeps every frame it was sent, in order.
 * It never reconnects: a test wants to see the loss.
 */
export class StompClient {
  readonly frames: ReceivedFrame[] = [];
  /** Per WebSocket message: whether it was binary. */
  readonly messageKinds: ('text' | 'binary')[] = [];
  connected: ReceivedFrame | undefined;
  closed: { code: number; reason: string } | undefined;
  readonly client: Client;
  private socket: ByteSocket | SockjsAdapter | undefined;
  private asked = 0;

  private constructor(options: StompOptions) {
    const versions = options.versions ?? ['1.0', '1.1', '1.2'];
    const stompVersions = new Versions(versions);
    this.client = new Client({
      webSocketFactory: () => this.openSocket(options, stompVersions),
      connectHeaders: options.connectHeaders ?? {},
      stompVersions,
      reconnectDelay: 0,
      heartbeatIncoming: options.heartbeat?.incoming ?? 0,
      heartbeatOutgoing: options.heartbeat?.outgoing ?? 0,
      onWebSocketClose: (event: { code: number; reason: string }) => {
        this.closed = { code: event.code, reason: event.reason };
      },
    });
  }

  /**
   * Connects.
   * @throws Error with the ERROR frame's message or the close code when the server says no.
   */
  static async open(options: StompOptions): Promise<StompClient> {
    const stomp = new StompClient(options);
    stomp.client.activate();
    try {
      await waitFor(() => stomp.connected ?? stomp.closed ?? stomp.error(), {
        what: `the STOMP connection to ${options.url}`,
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      });
    } catch (error) {
      stomp.drop();
      throw error;
    }
    if (stomp.connected) return stomp;
    const refused = stomp.error();
    stomp.drop();
    throw new Error(
      refused
        ? `CONNECT was answered by ERROR: ${refused.headers.message ?? ''}`
        : `the connection was closed: ${stomp.closed?.code} ${stomp.closed?.reason}`,
    );
  }

  private openSocket(options: StompOptions, versions: Versions): ByteSocket | SockjsAdapter {
    const socket = options.sockjs
      ? new SockjsAdapter(options.url, options.sockjs, options.socket?.headers)
      : new ByteSocket(options.url, options.protocols ?? versions.protocolVersions(), {
          skipUTF8Validation: true,
          ...options.socket,
        });
    const parser = new Parser(
      (raw) => {
        // Like stompjs, which knows escapes in 1.2 only; CONNECTED has none (STOMP 1.2, Value Encoding).
        const escaped = raw.command !== 'CONNECTED' && this.version === '1.2';
        const received: ReceivedFrame = {
          command: raw.command ?? '',
          headers: readHeaders(raw.headers, escaped),
          body: bodyOf(raw),
        };
        if (raw.command === 'CONNECTED') this.connected = received;
        else this.frames.push(received);
      },
      () => undefined,
    );
    socket.onBytes = (data, binary) => {
      this.messageKinds.push(binary ? 'binary' : 'text');
      parser.parseChunk(new Uint8Array(data).buffer);
    };
    this.socket = socket;
    return socket;
  }

  /** The version that was agreed on. */
  get version(): string {
    return this.connected?.headers.version ?? '1.0';
  }

  subscribe(destination: string, headers: StompHeaders = {}): void {
    this.client.subscribe(destination, () => undefined, headers);
  }

  /** Subscribes and waits for the RECEIPT. */
  async subscribed(destination: string, headers: StompHeaders & { id: string }): Promise<void> {
    const receipt = `subscribed-${headers.id}-${++this.asked}`;
    this.subscribe(destination, { ...headers, receipt });
    await this.receipt(receipt);
  }

  unsubscribe(id: string, headers: StompHeaders = {}): void {
    this.client.unsubscribe(id, headers);
  }

  async unsubscribed(id: string, headers: StompHeaders = {}): Promise<void> {
    const receipt = `unsubscribed-${id}-${++this.asked}`;
    this.unsubscribe(id, { ...headers, receipt });
    await this.receipt(receipt);
  }

  send(destination: string, body: string | Uint8Array = '', headers: StompHeaders = {}): void {
    if (typeof body === 'string') this.client.publish({ destination, body, headers });
    else this.client.publish({ destination, binaryBody: body, headers });
  }

  /** Acknowledges a MESSAGE the way its STOMP version wants it. */
  ack(message: ReceivedFrame, headers: StompHeaders = {}): void {
    this.client.ack(...this.acknowledgeArguments(message), headers);
  }

  nack(message: ReceivedFrame, headers: StompHeaders = {}): void {
    this.client.nack(...this.acknowledgeArguments(message), headers);
  }

  private acknowledgeArguments({ headers }: ReceivedFrame): [string, string] {
    const id = this.version === '1.2' ? headers.ack : headers['message-id'];
    return [id ?? '', headers.subscription ?? ''];
  }

  /** Sends a frame that stompjs has no method for, such as BEGIN with a receipt. */
  transmit(command: string, headers: StompHeaders, body = ''): void {
    const chunk = FrameImpl.marshall({ command, headers, body, escapeHeaderValues: this.version !== '1.0' });
    this.write(chunk);
  }

  /** Sends these bytes as one WebSocket message. */
  write(chunk: string | Uint8Array | ArrayBuffer): void {
    if (!this.socket) throw new Error('the socket is not open');
    this.socket.send(chunk);
  }

  /** Bytes that wait on this side, because the other one does not read. */
  get unsent(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  messages(subscription?: string): ReceivedFrame[] {
    return this.frames.filter(
      ({ command, headers }) =>
        command === 'MESSAGE' && (subscription === undefined || headers.subscription === subscription),
    );
  }

  /** Waits until at least `count` messages are there, and returns all that are. */
  async received(count: number, subscription?: string): Promise<ReceivedFrame[]> {
    return waitFor(
      () => {
        const messages = this.messages(subscription);
        if (messages.length >= count) return messages;
        this.failIfOver(`${count} messages (have ${messages.length})`);
        return undefined;
      },
      { what: () => `${count} messages on ${subscription ?? 'any subscription'}, ${this.summary()}` },
    );
  }

  /** The message with this index, counted from 0. */
  async message(index: number, subscription?: string): Promise<ReceivedFrame> {
    const found = (await this.received(index + 1, subscription))[index];
    if (!found) throw new Error(`no message ${index}`);
    return found;
  }

  async receipt(id: string): Promise<ReceivedFrame> {
    return waitFor(
      () => {
        const found = this.frames.find(
          ({ command, headers }) => command === 'RECEIPT' && headers['receipt-id'] === id,
        );
        if (!found) this.failIfOver(`receipt ${id}`);
        return found;
      },
      { what: () => `receipt ${id}, ${this.summary()}` },
    );
  }

  /** Waits for an ERROR frame. */
  async refused(): Promise<ReceivedFrame> {
    return waitFor(() => this.error(), { what: 'an ERROR frame' });
  }

  /** Waits until the connection is gone. */
  async over(): Promise<{ code: number; reason: string }> {
    return waitFor(() => this.closed, { what: 'the close of the connection' });
  }

  error(): ReceivedFrame | undefined {
    return this.frames.find(({ command }) => command === 'ERROR');
  }

  private failIfOver(wanted: string): void {
    const error = this.error();
    if (error) {
      throw new Error(`ERROR instead of ${wanted}: ${error.headers.message}: ${error.body.toString()}`);
    }
    if (this.closed) throw new Error(`closed (${this.closed.code} ${this.closed.reason}) before ${wanted}`);
  }

  private summary(): string {
    return `have ${this.frames.map(({ command }) => command).join(' ') || 'no frame'}`;
  }

  /** Says DISCONNECT, waits for its RECEIPT and for the close. Safe when the connection is gone. */
  async disconnect(): Promise<void> {
    await this.client.deactivate();
  }

  /** Closes the WebSocket in order but without DISCONNECT, as a browser does with the tab. */
  closeSocket(): void {
    this.socket?.close(1000);
  }

  /** Cuts the TCP connection, as a lost network would. */
  drop(): void {
    this.socket?.terminate();
    void this.client.deactivate({ force: true });
  }
}
