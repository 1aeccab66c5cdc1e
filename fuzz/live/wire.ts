import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { FrameReader, OPCODE } from '../../bench/load/ws-frames.js';
import { clientFrame } from './garbage.js';

/** Time for a handshake, and for an answer to a ping behind whatever was sent. */
const PATIENCE_MS = 20_000;

export interface WireOptions {
  host: string;
  port: number;
  /** Loopback address to come from. */
  localAddress: string;
  /** The whole request, or the path and header lines of a proper one. */
  request: string | { path: string; headers: readonly string[] };
  /** A WebSocket data message of the relay's. */
  onMessage(payload: Buffer, text: boolean): void;
}

/** A socket on which everything can be written that a client must not write. Pings are answered at once. */
export class Wire {
  /** Status of the answer to the handshake; 0 without one. */
  status = 0;
  /** Close code that the relay gave; undefined without one. */
  closeCode: number | undefined;
  /** What the relay wrote and no server may write. */
  offence: string | undefined;
  private socket: Socket | undefined;
  private over = false;
  private head = '';
  private mask = 1;
  private pings = 0;
  private readonly waiting = new Map<string, (answered: boolean) => void>();
  private onStatus: () => void = () => {};
  private onOver: () => void = () => {};
  readonly closed = new Promise<void>((resolve) => {
    this.onOver = resolve;
  });
  private readonly reader = new FrameReader((opcode, buffer, start, end) =>
    this.receive(opcode, Buffer.from(buffer.subarray(start, end))),
  );

  constructor(private readonly options: WireOptions) {}

  get isOver(): boolean {
    return this.over;
  }

  /** Resolves when the handshake was answered, or the connection is gone. @throws Error when neither comes. */
  async open(): Promise<void> {
    const { host, port, localAddress, request } = this.options;
    const socket = connect({ host, port, localAddress, noDelay: true });
    this.socket = socket;
    socket.on('error', () => {});
    socket.on('close', () => this.finish());
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => this.read(chunk));
    socket.write(typeof request === 'string' ? request : handshake(request.path, request.headers));
    const answered = new Promise<void>((resolve) => {
      this.onStatus = resolve;
    });
    await within(Promise.race([answered, this.closed]), 'answer to the handshake');
  }

  /** One message, cut into fragments at these places. */
  message(payload: Buffer, binary: boolean, cuts: readonly number[]): void {
    const ends = [...cuts, payload.length];
    const frames = ends.map((end, i) => {
      const opcode = i === 0 ? (binary ? OPCODE.binary : OPCODE.text) : 0;
      const piece = payload.subarray(ends[i - 1] ?? 0, end);
      return clientFrame({ fin: i === ends.length - 1, opcode, payload: piece }, this.nextMask());
    });
    for (const frame of frames) this.raw(frame);
  }

  raw(bytes: Buffer): void {
    if (!this.over) this.socket?.write(bytes);
  }

  /** True when the relay has answered a ping behind everything that was sent, false when it has closed. @throws Error when neither. */
  async barrier(): Promise<boolean> {
    if (this.over) return false;
    const payload = `barrier ${++this.pings}`;
    const answer = new Promise<boolean>((resolve) => this.waiting.set(payload, resolve));
    this.raw(clientFrame({ opcode: OPCODE.ping, payload: Buffer.from(payload) }, this.nextMask()));
    return within(answer, 'pong or close');
  }

  /** A WebSocket close, which the relay must answer. @throws Error when it does not. */
  async close(): Promise<void> {
    const code = Buffer.from([0x03, 0xe8]);
    this.raw(clientFrame({ opcode: OPCODE.close, payload: code }, this.nextMask()));
    await within(this.closed, 'end after a close');
  }

  /** Ends our half; the relay has to end the other. @throws Error when it does not. */
  async half(): Promise<void> {
    this.socket?.end();
    await within(this.closed, 'end of the other half');
  }

  destroy(): void {
    this.socket?.destroy();
  }

  private read(chunk: Buffer): void {
    if (this.status === 101) {
      this.frames(chunk);
      return;
    }
    this.head += chunk.toString('latin1');
    const end = this.head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.status = Number(/^HTTP\/1\.1 (\d{3})/.exec(this.head)?.[1] ?? 0);
    const rest = Buffer.from(this.head.slice(end + 4), 'latin1');
    this.head = '';
    this.onStatus();
    if (this.status === 101 && rest.length > 0) this.frames(rest);
  }

  private frames(bytes: Buffer): void {
    try {
      this.reader.push(bytes, 0, bytes.length);
    } catch (error) {
      this.offence ??= (error as Error).message;
      this.destroy();
    }
  }

  private receive(opcode: number, payload: Buffer): void {
    if (opcode === OPCODE.ping) this.raw(clientFrame({ opcode: OPCODE.pong, payload }, this.nextMask()));
    else if (opcode === OPCODE.pong) {
      const name = payload.toString();
      this.waiting.get(name)?.(true);
      this.waiting.delete(name);
    } else if (opcode === OPCODE.close) {
      this.closeCode = payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
      this.raw(clientFrame({ opcode: OPCODE.close, payload }, this.nextMask()));
    } else this.options.onMessage(payload, opcode === OPCODE.text);
  }

  private finish(): void {
    this.over = true;
    for (const resolve of this.waiting.values()) resolve(false);
    this.waiting.clear();
    this.onOver();
  }

  private nextMask(): number {
    this.mask = (Math.imul(this.mask, 1_664_525) + 1_013_904_223) | 0;
    return this.mask;
  }
}

function handshake(path: string, headers: readonly string[]): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
