import type { Alarm } from '../broker/alarm.js';
import { RelayError } from '../errors.js';
import { encodeFrame } from '../stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList, header } from '../stomp/frame.js';
import { Link, type LinkOptions } from './link.js';

/** Called once: without an error when the broker has confirmed the message. */
export type SendDone = (error?: RelayError) => void;

interface Entry {
  frame: Buffer;
  /** Our receipt id. */
  receipt: string;
  done: SendDone | undefined;
  /** What nobody waits for has until its timeout after it was first put on the wire. */
  deadline: number;
  /** When it was last put on the wire; 0 while it waits for that. */
  sentAt: number;
}

/** Times in milliseconds. */
export interface SendPatience {
  /**
   * How long the broker may take to confirm a SEND before it is sent again over another connection. Web-STOMP says nothing
   * of messages that a queue refuses for the moment, which one without a leader does.
   */
  stalled: number;
  /** The same for the first SENDs over a link that was lost: a broker that has just started has many queues without a leader. */
  stalledAtFirst: number;
  /** How long after it came up a link asks for a confirmation of every SEND, for that reason. */
  fresh: number;
}

const PATIENCE: SendPatience = { stalled: 10_000, stalledAtFirst: 2000, fresh: 10_000 };

export interface SendLimits {
  /** Milliseconds until a SEND that the broker has not confirmed is refused. */
  timeout: number;
  /** Bytes that may wait in this process (unconfirmed, or for the link) before senders are paused. */
  highWater: number;
  /** While it lasts nobody is refused for having waited. */
  alarm: Alarm;
}

/**
 * One shared link for SENDs, in the order in which they were given. What asks for a receipt is kept until the
 * broker's RECEIPT (a publisher confirm) and sent again when the link had to be re-established: at least once,
 * never silently dropped. What asks for none is written once; but what waited for the link, or comes soon after it, is kept
 * and sent again like the others.
 */
export class SendLink {
  private readonly link: Link;
  /** Not on the wire yet, in order. */
  private waiting: Entry[] = [];
  /** On the wire, without RECEIPT so far, in order. */
  private readonly flying = new Map<string, Entry>();
  /**
   * How many confirmed SENDs go one at a time: the broker ended the link because of one of them, and alone on the
   * wire the guilty one is known. The others, of other clients, must not suffer for it.
   */
  private suspects = 0;
  private keptBytes = 0;
  private sequence = 0;
  /** When deadlines count again: in an alarm of the broker everything waits. */
  private excusedUntil = 0;
  /** Milliseconds until what is not confirmed is sent again: ever longer, or a broker that is just slow would get more and more to do. */
  private patience: number;
  private freshUntil = 0;
  /** True from our cutting the link until it is down. */
  private cutting = false;
  private readonly sweep: NodeJS.Timeout;

  constructor(
    options: LinkOptions,
    private readonly limits: SendLimits,
    private readonly times = PATIENCE,
  ) {
    this.patience = times.stalledAtFirst;
    this.link = new Link(options, {
      onUp: () => {
        this.freshUntil = Date.now() + this.times.fresh;
        this.pump();
      },
      onFrame: (frame) => this.receive(frame),
      onError: (frame) =>
        options.log.error({ link: options.name, message: header(frame.headers, 'message') }, 'broker error'),
      onDown: (reason, refused) => {
        options.log.warn({ link: options.name, reason }, 'link lost');
        this.recall(refused);
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

  /** Messages that the broker has not confirmed, or not been given yet. */
  get unconfirmed(): number {
    return this.flying.size + this.waiting.length;
  }

  open(): void {
    this.link.open();
  }

  close(): void {
    clearInterval(this.sweep);
    void this.link.close();
    const error = new RelayError('ERR_RELAY_CLOSING', 'the relay is going away', 'goingAway');
    const entries = [...this.flying.values(), ...this.waiting];
    this.flying.clear();
    this.waiting = [];
    for (const { done } of entries) done?.(error);
  }

  /** `headers` are checked already and carry no receipt. `done` is called when the broker has confirmed the message. */
  send(headers: HeaderList, body: Buffer, done?: SendDone): void {
    if (!done && this.direct && Date.now() >= this.freshUntil) {
      this.link.write(encodeFrame('SEND', headers, body, '1.2'));
      return;
    }
    const receipt = this.nextReceipt();
    this.enqueue(encodeFrame('SEND', ['receipt', receipt, ...headers], body, '1.2'), receipt, done);
  }

  /** Calls back when all that was given before, with or without receipt, is at the broker. */
  fence(done: SendDone): void {
    const receipt = this.nextReceipt();
    // An empty transaction: the broker answers in the order of what it is sent, and nothing else comes of it.
    const begin = encodeFrame('BEGIN', ['transaction', receipt], EMPTY_BODY, '1.2');
    const abort = encodeFrame('ABORT', ['transaction', receipt, 'receipt', receipt], EMPTY_BODY, '1.2');
    this.enqueue(Buffer.concat([begin, abort]), receipt, done);
  }

  private nextReceipt(): string {
    return `s${++this.sequence}`;
  }

  private enqueue(frame: Buffer, receipt: string, done: SendDone | undefined): void {
    const entry: Entry = { frame, receipt, done, deadline: Date.now() + this.limits.timeout, sentAt: 0 };
    this.keptBytes += frame.length;
    if (this.direct) this.write(entry);
    else this.waiting.push(entry);
  }

  /** True when a SEND may go out at once without overtaking another. */
  private get direct(): boolean {
    return this.link.up && this.waiting.length === 0 && this.suspects === 0;
  }

  private write(entry: Entry): void {
    const now = Date.now();
    if (!entry.done && entry.sentAt === 0) entry.deadline = now + this.limits.timeout;
    entry.sentAt = now;
    this.flying.set(entry.receipt, entry);
    this.link.write(entry.frame);
  }

  private pump(): void {
    let next = 0;
    while (this.link.up && next < this.waiting.length) {
      const entry = this.waiting[next] as Entry;
      if (this.suspects > 0 && this.flying.size > 0) break;
      next++;
      this.write(entry);
    }
    if (next > 0) this.waiting = this.waiting.slice(next);
  }

  private recall(refused: boolean): void {
    const entries = [...this.flying.values()];
    this.flying.clear();
    if (!this.cutting) {
      // An outage, however long, takes nothing of the time of what nobody waits for.
      for (const entry of entries) entry.sentAt = 0;
      this.patience = this.times.stalledAtFirst;
    }
    this.cutting = false;
    // The first time, it may have been one without receipt, of which nothing is left.
    const guilty = refused && this.suspects > 0 && entries.length === 1 ? entries.pop() : undefined;
    this.suspects = refused ? entries.length : Math.min(this.suspects, entries.length + this.waiting.length);
    this.waiting = [...entries, ...this.waiting];
    if (!guilty) return;
    const message = 'the broker refused the message';
    this.settle(guilty, new RelayError('ERR_BROKER_REFUSED', message, 'brokerRefused'));
  }

  private receive(frame: Frame): void {
    if (frame.command !== 'RECEIPT') return;
    const entry = this.flying.get(header(frame.headers, 'receipt-id') ?? '');
    if (!entry) return;
    this.flying.delete(entry.receipt);
    this.patience = this.times.stalled;
    if (this.suspects > 0) this.suspects--;
    if (this.waiting.length > 0) this.pump();
    this.settle(entry);
  }

  private settle(entry: Entry, error?: RelayError): void {
    this.keptBytes -= entry.frame.length;
    entry.done?.(error);
  }

  private tick(): void {
    const now = Date.now();
    if (this.limits.alarm.congested) {
      this.excusedUntil = now + this.limits.timeout;
      return;
    }
    // Everything waited for the end of the alarm, and has its whole time from then on.
    if (now < this.excusedUntil) return;
    const [oldest] = this.flying.values();
    if (oldest && now - oldest.sentAt > this.patience && this.link.cut()) {
      this.cutting = true;
      this.patience *= 2;
    }
    const late: Entry[] = [];
    for (const [receipt, entry] of this.flying) {
      if (entry.deadline > now) continue;
      this.flying.delete(receipt);
      late.push(entry);
    }
    if (this.waiting.some((entry) => entry.done && entry.deadline <= now)) {
      late.push(...this.waiting.filter((entry) => entry.done && entry.deadline <= now));
      this.waiting = this.waiting.filter((entry) => !entry.done || entry.deadline > now);
    }
    const message = 'the broker did not confirm the message in time';
    if (late.length > 0) {
      // What waited behind them goes on; none of them is a suspect any more.
      this.suspects = Math.min(this.suspects, this.flying.size + this.waiting.length);
      this.pump();
    }
    for (const entry of late) {
      this.settle(entry, new RelayError('ERR_SEND_TIMEOUT', message, 'brokerUnavailable'));
    }
    const { options } = this.link;
    const unheard = late.filter(({ done }) => !done).length;
    if (unheard > 0) {
      options.log.warn(
        { link: options.name, count: unheard },
        'SENDs without receipt given up: not confirmed',
      );
    }
  }
}
