import { connectFrame } from '../../bench/sides.js';
import { Wire } from '../../fuzz/live/wire.js';
import { FrameDecoder } from '../../relay/src/stomp/decoder.js';
import { encodeFrame } from '../../relay/src/stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList, header } from '../../relay/src/stomp/frame.js';

export interface ConversationOptions {
  host: string;
  port: number;
  localAddress: string;
  path: string;
  /** In CONNECT; without one the path must say who it is. */
  token: string | undefined;
  onMessage(message: Frame): void;
}

/** Subscriptions whose messages are waited for one at a time, and the name for that. */
const PRIVATE_SUBSCRIPTIONS = ['queue', '/temp-queue/answer'];
const PRIVATE = 'private message';
const ANSWER_MS = 60_000;

/** A visit that ended before it was meant to; the message is one of few, so that it can be counted. */
export class CutShort extends Error {}

/** One STOMP connection on a socket of its own, from an address of its own. */
export class Conversation {
  private readonly wire: Wire;
  private readonly decoder: FrameDecoder;
  private readonly waiting = new Map<string, (frame: Frame) => void>();
  private fail: (error: Error) => void = () => {};
  private receipts = 0;
  /** Rejects as soon as the connection is gone, and never resolves. */
  readonly gone: Promise<never>;

  constructor(private readonly options: ConversationOptions) {
    const { host, port, localAddress, path } = options;
    this.decoder = new FrameDecoder({ onFrame: (frame) => this.receive(frame) }, { side: 'client' });
    this.wire = new Wire({
      ...{ host, port, localAddress },
      request: { path, headers: ['Sec-WebSocket-Protocol: v12.stomp'] },
      onMessage: (payload) => this.decoder.push(payload),
    });
    this.gone = new Promise((_, reject) => {
      this.fail = reject;
    });
    // Told by whatever is being waited for.
    this.gone.catch(() => {});
    void this.wire.closed.then(() =>
      this.fail(new CutShort(`closed ${this.wire.closeCode ?? 'without a code'}`)),
    );
  }

  /** Handshake and CONNECT. @throws CutShort */
  async open(): Promise<void> {
    await this.wire.open();
    if (this.wire.status !== 101) {
      this.wire.destroy();
      throw new CutShort(`handshake ${this.wire.status || 'without an answer'}`);
    }
    const { token } = this.options;
    const frame = connectFrame('/', token === undefined ? {} : { Authorization: `Bearer ${token}` });
    const connected = this.answer('CONNECTED');
    this.wire.message(Buffer.from(frame), false, []);
    await connected;
  }

  /** A frame for which no answer is waited. */
  send(command: string, headers: HeaderList, body = ''): void {
    this.wire.message(encodeFrame(command, headers, body ? Buffer.from(body) : EMPTY_BODY, '1.2'), false, []);
  }

  /** A frame and its RECEIPT. @throws CutShort */
  async confirmed(command: string, headers: HeaderList, body = ''): Promise<void> {
    const receipt = `r${++this.receipts}`;
    const answer = this.answer(receipt);
    this.send(command, [...headers, 'receipt', receipt], body);
    await answer;
  }

  /** The next MESSAGE of a private link. @throws CutShort */
  message(patience: number): Promise<Frame> {
    return this.answer(PRIVATE, patience);
  }

  /** DISCONNECT with its RECEIPT, and the close. */
  async leave(): Promise<void> {
    await this.confirmed('DISCONNECT', []);
    await this.wire.close();
  }

  /** A WebSocket close without a DISCONNECT, as a page that is left. */
  close(): Promise<void> {
    return this.wire.close();
  }

  /** The end of our half of the TCP connection, without a close frame. */
  half(): Promise<void> {
    return this.wire.half();
  }

  cut(): void {
    this.wire.destroy();
  }

  private async answer(name: string, patience = ANSWER_MS): Promise<Frame> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await Promise.race([
        this.gone,
        new Promise<Frame>((resolve, reject) => {
          this.waiting.set(name, resolve);
          timer = setTimeout(
            () => reject(new CutShort(`no ${/^r\d/.test(name) ? 'RECEIPT' : name} in time`)),
            patience,
          );
        }),
      ]);
    } finally {
      clearTimeout(timer);
      this.waiting.delete(name);
    }
  }

  private receive(frame: Frame): void {
    if (frame.command === 'MESSAGE') {
      const isPrivate = PRIVATE_SUBSCRIPTIONS.includes(header(frame.headers, 'subscription') ?? '');
      if (isPrivate) this.waiting.get(PRIVATE)?.(frame);
      else this.options.onMessage(frame);
    } else if (frame.command === 'ERROR') {
      this.fail(new CutShort(`ERROR ${header(frame.headers, 'code') ?? ''}`));
    } else this.waiting.get(header(frame.headers, 'receipt-id') ?? frame.command)?.(frame);
  }
}
