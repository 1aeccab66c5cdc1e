import { RelayError } from '../errors.js';
import { encodeFrame } from '../stomp/encoder.js';
import { type Frame, type HeaderList, header } from '../stomp/frame.js';
import { Link, type LinkOptions } from './link.js';

/** Called once: without an error when the broker has confirmed the message. */
export type SendDone = (error?: RelayError) => void;

interface Pending {
  frame: Buffer;
  done: SendDone;
  deadline: number;
  /** How often the broker ended the link because of a frame while this one was on it. */
  strikes: number;
}

/** A message that was on the link that often is refused to its sender, lest it break the link for ever. */
const MOST_STRIKES = 2;

export interface SendLimits {
  /** Milliseconds until a SEND that the broker has not confirmed is refused. */
  timeout: number;
  /** Bytes that may wait in this process (unconfirmed, or for the link) before senders are paused. */
  highWater: number;
}

/**
 * One shared link for SENDs. What asks for a receipt is kept until the broker's RECEIPT (a publisher
 * confirm) and sent again, in order, when the link had to be re-established: at least once, never silently
 * dropped. What asks for none is written once, or waits while the link is down.
 */
export class SendLink {
  private readonly link: Link;
  private readonly pending = new Map<string, Pending>();
  private waiting: Buffer[] = [];
  private keptBytes = 0;
  private sequence = 0;
  private readonly sweep: NodeJS.Timeout;

  constructor(
    options: LinkOptions,
    private readonly limits: SendLimits,
  ) {
    this.link = new Link(options, {
      onUp: () => this.restore(),
      onFrame: (frame) => this.receive(frame),
      onError: (frame) =>
        options.log.error({ link: options.name, message: header(frame.headers, 'message') }, 'broker error'),
      onDown: (reason, refused) => {
        options.log.warn({ link: options.name, reason }, 'link lost');
        if (refused) this.strike();
      },
    });
    this.sweep = setInterval(() => this.tick(), 250);
  }

  get ready(): boolean {
    return this.link.up;
  }

  get state(): Link {
    return this.link;
  }

  /** True while senders should wait. */
  get congested(): boolean {
    return this.keptBytes + this.link.bufferedBytes > this.limits.highWater;
  }

  open(): void {
    this.link.open();
  }

  close(): void {
    clearInterval(this.sweep);
    void this.link.close();
    const error = new RelayError('ERR_RELAY_CLOSING', 'the relay is going away', 'goingAway');
    for (const { done } of [...this.pending.values()]) done(error);
    this.pending.clear();
  }

  /** `headers` are checked already and carry no receipt. With `done`, the broker is asked to confirm. */
  send(headers: HeaderList, body: Buffer, done?: SendDone): void {
    if (!done) {
      const frame = encodeFrame('SEND', headers, body, '1.2');
      if (this.link.up) this.link.write(frame);
      else {
        this.waiting.push(frame);
        this.keptBytes += frame.length;
      }
      return;
    }
    const receipt = `s${++this.sequence}`;
    const frame = encodeFrame('SEND', ['receipt', receipt, ...headers], body, '1.2');
    this.pending.set(receipt, { frame, done, deadline: Date.now() + this.limits.timeout, strikes: 0 });
    this.keptBytes += frame.length;
    if (this.link.up) this.link.write(frame);
  }

  private restore(): void {
    for (const { frame } of this.pending.values()) this.link.write(frame);
    for (const frame of this.waiting) {
      this.link.write(frame);
      this.keptBytes -= frame.length;
    }
    this.waiting = [];
  }

  private receive(frame: Frame): void {
    if (frame.command === 'RECEIPT') this.settle(header(frame.headers, 'receipt-id') ?? '');
  }

  private strike(): void {
    for (const [receipt, pending] of this.pending) {
      if (++pending.strikes < MOST_STRIKES) continue;
      this.settle(
        receipt,
        new RelayError('ERR_BROKER_REFUSED', 'the broker refused the message', 'brokerRefused'),
      );
    }
  }

  private settle(receipt: string, error?: RelayError): void {
    const pending = this.pending.get(receipt);
    if (!pending) return;
    this.pending.delete(receipt);
    this.keptBytes -= pending.frame.length;
    pending.done(error);
  }

  private tick(): void {
    const now = Date.now();
    for (const [receipt, { deadline }] of this.pending) {
      if (deadline > now) break;
      const message = 'the broker did not confirm the message in time';
      this.settle(receipt, new RelayError('ERR_SEND_TIMEOUT', message, 'brokerUnavailable'));
    }
  }
}
