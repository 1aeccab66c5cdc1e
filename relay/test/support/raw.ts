import { type ClientOptions, WebSocket } from 'ws';
import { waitFor } from './wait.js';

/** One frame as it came off the wire; headers are not unescaped, of repeated ones the first counts. */
export interface RawFrame {
  command: string;
  headers: Record<string, string>;
  body: Buffer;
  binary: boolean;
}

export interface RawOptions {
  /** Sub-protocols to offer; `v12.stomp` by default. */
  protocols?: string[];
  /** Request headers of the handshake, and whether pings are answered (`autoPong`). */
  socket?: ClientOptions;
}

/** A handshake that was answered with something else than 101. */
export class HandshakeRefused extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
  ) {
    super(`the handshake was answered with HTTP ${status}: ${body}`);
  }
}

/** A frame written by hand: nothing is escaped, counted or checked. */
export function frame(command: string, headers: Record<string, string> = {}, body = ''): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  return `${command}\n${lines.join('')}\n${body}\0`;
}

/**
 * A WebSocket client that sends whatever bytes a test writes and keeps what it is sent. It reads one frame per
 * WebSocket message, because that is what the relay promises.
 */
export class RawClient {
  readonly frames: RawFrame[] = [];
  /** Payloads of the pings that came, oldest first. */
  readonly pings: string[] = [];
  heartbeats = 0;
  /** What came and was no frame. */
  readonly junk: Buffer[] = [];
  closed: { code: number; reason: string } | undefined;

  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer, binary: boolean) => this.read(data, binary));
    socket.on('ping', (data: Buffer) => this.pings.push(data.toString('latin1')));
    socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
    socket.on('error', () => {});
  }

  /** @throws HandshakeRefused when the answer is no 101. */
  static async open(url: string, { protocols = ['v12.stomp'], socket }: RawOptions = {}): Promise<RawClient> {
    const ws = new WebSocket(url, protocols, { skipUTF8Validation: false, ...socket });
    const client = new RawClient(ws);
    await new Promise<void>((resolve, reject) => {
      ws.once('open', resolve);
      ws.once('error', reject);
      ws.once('unexpected-response', (_request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => reject(new HandshakeRefused(response.statusCode ?? 0, body)));
      });
    });
    return client;
  }

  /** Sends these bytes as one WebSocket message. */
  write(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  send(command: string, headers: Record<string, string> = {}, body = ''): void {
    this.write(frame(command, headers, body));
  }

  /** CONNECT with these headers; resolves with CONNECTED. */
  async connect(headers: Record<string, string> = {}): Promise<RawFrame> {
    this.send('CONNECT', { 'accept-version': '1.2', host: '/', ...headers });
    return this.frame((one) => one.command === 'CONNECTED', 'CONNECTED');
  }

  /** SUBSCRIBE, and its RECEIPT. */
  async subscribed(id: string, destination: string, headers: Record<string, string> = {}): Promise<void> {
    this.send('SUBSCRIBE', { id, destination, receipt: `sub-${id}`, ...headers });
    await this.receipt(`sub-${id}`);
  }

  /** The first frame that fits. */
  async frame(fits: (frame: RawFrame) => boolean, what: string): Promise<RawFrame> {
    return waitFor(
      () => {
        const found = this.frames.find(fits);
        if (found) return found;
        const error = this.frames.find(({ command }) => command === 'ERROR');
        if (error) throw new Error(`ERROR instead of ${what}: ${error.headers.message}`);
        if (this.closed) throw new Error(`closed (${this.closed.code}) before ${what}`);
        return undefined;
      },
      { what },
    );
  }

  receipt(id: string): Promise<RawFrame> {
    return this.frame(
      ({ command, headers }) => command === 'RECEIPT' && headers['receipt-id'] === id,
      `receipt ${id}`,
    );
  }

  messages(): RawFrame[] {
    return this.frames.filter(({ command }) => command === 'MESSAGE');
  }

  /** The MESSAGE with this body. */
  message(body: string): Promise<RawFrame> {
    return this.frame(
      (one) => one.command === 'MESSAGE' && one.body.toString() === body,
      `the message ${JSON.stringify(body)}`,
    );
  }

  /** The bodies of all messages so far, as text. */
  bodies(): string[] {
    return this.messages().map(({ body }) => body.toString());
  }

  /** Waits for an ERROR frame and the close after it. */
  async refused(timeout?: number): Promise<{ error: RawFrame; code: number; reason: string }> {
    const closed = await this.over(timeout);
    const error = this.frames.at(-1);
    if (error?.command !== 'ERROR') {
      throw new Error(`closed with ${closed.code} and no ERROR frame; the last was ${error?.command}`);
    }
    return { error, ...closed };
  }

  /** Waits until the connection is gone. */
  over(timeout?: number): Promise<{ code: number; reason: string }> {
    return waitFor(() => this.closed, {
      what: () => `the close; have ${this.frames.map(({ command }) => command).join(' ') || 'no frame'}`,
      ...(timeout === undefined ? {} : { timeout }),
    });
  }

  /** Cuts the TCP connection without any farewell. */
  destroy(): void {
    this.socket.terminate();
  }

  private read(data: Buffer, binary: boolean): void {
    if (data.equals(Buffer.from('\n'))) {
      this.heartbeats++;
      return;
    }
    const headEnd = data.indexOf('\n\n');
    if (headEnd < 0 || data.at(-1) !== 0) {
      this.junk.push(data);
      return;
    }
    const [command = '', ...lines] = data.subarray(0, headEnd).toString().split('\n');
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon)] ??= line.slice(colon + 1);
    }
    this.frames.push({ command, headers, body: Buffer.from(data.subarray(headEnd + 2, -1)), binary });
  }
}
