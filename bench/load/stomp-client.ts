import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { clientFrame, FrameReader, OPCODE } from './ws-frames.js';

/** Where a client connects and what it says there. All of it is ready-made, so that connecting stays cheap. */
export interface ClientPlan {
  host: string;
  port: number;
  path: string;
  /** STOMP frames, each with its closing NUL. The SUBSCRIBE asks for the receipt `subscribed`. */
  connectFrame: string;
  subscribeFrame: string;
}

export interface Listener {
  /** Called for every WebSocket message that begins with MESSAGE. */
  message(client: StompClient, buffer: Buffer, start: number, end: number): void;
  /** Called once after everything that came in one read. */
  read(): void;
}

const LETTER = { C: 67, E: 69, M: 77, R: 82 } as const;
// One buffer for all sockets of the process: Node reads and calls back before it reads again.
const shared = Buffer.alloc(1 << 18);
const DISCONNECT = Buffer.from('DISCONNECT\nreceipt:bye\n\n\0');

/**
 * One client on a raw socket: a WebSocket handshake, CONNECT, SUBSCRIBE, and then counting. It answers every
 * ping at once, as browsers do, and asks for no heart-beats and no compression.
 */
export class StompClient {
  received = 0;
  private socket: Socket | undefined;
  private state: 'upgrade' | 'connect' | 'subscribe' | 'ready' | 'closing' | 'closed' = 'upgrade';
  private head = '';
  private pongs: Buffer[] = [];
  private readonly frames = new FrameReader((opcode, buffer, start, end) =>
    this.onFrame(opcode, buffer, start, end),
  );
  private settle: { ready: () => void; fail: (error: Error) => void } | undefined;
  private onClosed: (() => void) | undefined;
  failure: Error | undefined;

  constructor(
    readonly index: number,
    readonly plan: ClientPlan,
    private readonly listener: Listener,
  ) {}

  /** Resolves when the RECEIPT of the SUBSCRIBE is there. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = { ready: resolve, fail: reject };
      const { host, port, path } = this.plan;
      const onread = {
        buffer: shared,
        callback: (bytes: number, buffer: Uint8Array) => this.onBytes(buffer as Buffer, bytes),
      };
      const socket = connect({ host, port, onread });
      this.socket = socket;
      socket.setNoDelay(true);
      socket.on('connect', () => {
        socket.write(
          `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
            `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
            'Sec-WebSocket-Protocol: v12.stomp\r\n\r\n',
        );
      });
      socket.on('error', (error) => this.fail(error));
      socket.on('end', () => socket.end());
      socket.on('close', () => this.closed());
    });
  }

  /** Says DISCONNECT and waits for the server to close; after `patience` ms the socket is cut. */
  close(patience = 5000): Promise<void> {
    return new Promise((resolve) => {
      if (this.state === 'closed' || !this.socket) return resolve();
      const timer = setTimeout(() => this.socket?.destroy(), patience);
      this.onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
      this.state = 'closing';
      this.socket.write(clientFrame(OPCODE.text, DISCONNECT));
    });
  }

  /** From now on nothing is taken from the socket: the kernel's buffers fill, and then the server's. */
  stopReading(): void {
    this.socket?.pause();
  }

  /** Sends these bytes as they are. @returns false when the connection is gone. */
  write(frame: Buffer): boolean {
    if (this.state === 'closed' || !this.socket?.writable) return false;
    this.socket.write(frame);
    return true;
  }

  /** Cuts the connection without a word. */
  destroy(): void {
    this.state = 'closed';
    this.socket?.destroy();
  }

  private onBytes(buffer: Buffer, bytes: number): boolean {
    try {
      if (this.state === 'upgrade') this.onHandshake(buffer, bytes);
      else this.frames.push(buffer, 0, bytes);
      this.listener.read();
      if (this.pongs.length > 0) {
        this.socket?.write(this.pongs.length === 1 ? (this.pongs[0] ?? '') : Buffer.concat(this.pongs));
        this.pongs = [];
      }
    } catch (error) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
    }
    return true;
  }

  private onHandshake(buffer: Buffer, bytes: number): void {
    this.head += buffer.toString('latin1', 0, bytes);
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!this.head.startsWith('HTTP/1.1 101')) {
      throw new Error(
        `the WebSocket handshake was answered "${this.head.slice(0, this.head.indexOf('\r\n'))}"`,
      );
    }
    const rest = this.head.length - end - 4;
    this.head = '';
    this.state = 'connect';
    this.send(this.plan.connectFrame);
    if (rest > 0) this.frames.push(buffer, bytes - rest, bytes);
  }

  private onFrame(opcode: number, buffer: Buffer, start: number, end: number): void {
    if (opcode === OPCODE.text || opcode === OPCODE.binary) {
      const letter = buffer[start];
      if (letter === LETTER.M) this.listener.message(this, buffer, start, end);
      else if (letter === LETTER.R || letter === LETTER.C) this.onAnswer(letter);
      else if (letter === LETTER.E) throw new Error(`ERROR frame: ${summary(buffer, start, end)}`);
    } else if (opcode === OPCODE.ping) {
      this.pongs.push(clientFrame(OPCODE.pong, buffer.subarray(start, end)));
    } else if (opcode === OPCODE.close) {
      if (this.state !== 'closing') {
        const code = end - start >= 2 ? buffer.readUInt16BE(start) : 1005;
        throw new Error(`the server closed with code ${code} ${buffer.toString('latin1', start + 2, end)}`);
      }
      this.socket?.end(clientFrame(OPCODE.close, buffer.subarray(start, Math.min(end, start + 2))));
    }
  }

  private onAnswer(letter: number): void {
    if (this.state === 'connect' && letter === LETTER.C) {
      this.state = 'subscribe';
      this.send(this.plan.subscribeFrame);
    } else if (this.state === 'subscribe' && letter === LETTER.R) {
      this.state = 'ready';
      this.settle?.ready();
    } else if (this.state === 'closing' && letter === LETTER.R) {
      this.socket?.write(clientFrame(OPCODE.close, Buffer.from([0x03, 0xe8])));
    }
  }

  private send(frame: string): void {
    this.socket?.write(clientFrame(OPCODE.text, Buffer.from(frame)));
  }

  private fail(error: Error): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    this.failure ??= error;
    this.settle?.fail(error);
    this.destroy();
  }

  private closed(): void {
    if (this.state !== 'closing' && this.state !== 'closed')
      this.fail(new Error('the server cut the connection'));
    this.state = 'closed';
    this.onClosed?.();
  }
}

/** The headers of an ERROR frame on one line. They come from servers under test and hold no credentials. */
function summary(buffer: Buffer, start: number, end: number): string {
  return buffer.toString('utf8', start, Math.min(end, start + 400)).replace(/[\0\r\n]+/g, ' | ');
}
