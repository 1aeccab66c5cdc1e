import type { ServerResponse } from 'node:http';
import { type Closure, closures } from '../../closures.js';
import { Outgoing } from '../../outbound/outgoing.js';
import type { Lane } from '../lane.js';
import { OutboundQueue } from '../outbound-queue.js';
import type { Flushable, WriteScheduler } from '../scheduler.js';
import { HIGH_WATER, type OpenedTransport, type TransportEvents } from '../transport.js';
import { textOf } from './framing.js';
import type { Channel, ChannelEvents } from './package.js';
import type { Receiver } from './paths.js';

/** How long a stream goes on after a proof was asked for: what comes meanwhile is proved along with it. */
const RENEW_AFTER_MS = 50;
/** How long a client may take to fetch the close of its session. */
const CLOSE_GRACE_MS = 5000;
/** Bytes that are written at a time; a stream's own buffer is looked at in between. */
const BATCH_BYTES = 256 * 1024;
/** RFC 6455, 7.4.1: what a WebSocket that was cut would say. */
const ABNORMAL = 1006;
const TOO_LARGE = 1009;
const HEARTBEAT = new Outgoing(Buffer.from('\n'));

/** An answer that carries messages to the client, or the last one that did. */
interface Answer {
  readonly response: ServerResponse;
  readonly streaming: boolean;
  /** How many frames it and those before it carry. */
  count: number;
}

/**
 * The adapter for every SockJS transport that is plain HTTP: answers that carry messages (polls, or streams that end now
 * and then), and requests that bring some.
 *
 * Proof of delivery: a client asks for the next answer once it has had the former one to its end. A poll proves itself
 * that way; a stream is ended for the purpose, and the client renews it. An answer that could be written proves nothing:
 * it may lie in the buffers of a network that is no longer there, or of a proxy.
 */
export class SockjsTransport implements OpenedTransport, Flushable, ChannelEvents {
  sent = 0;
  sentBytes = 0;
  lastWrite = Date.now();
  proofPendingSince = 0;
  congested = false;
  private readonly queue = new OutboundQueue();
  private queued = false;
  private proofWanted = false;
  private answer: Answer | undefined;
  private renewal: NodeJS.Timeout | undefined;
  private guard: NodeJS.Timeout | undefined;
  private events: TransportEvents | undefined;
  private paused = false;
  private readonly readers = new Set<() => void>();
  private ended = false;
  /** The answer that carries the close. */
  private farewell: ServerResponse | undefined;

  /**
   * @param maxQueuedBytes RELAY_MAX_QUEUED_BYTES
   * @param onEnded is called once, when nothing can come any more
   * @param kind how its first request for messages came
   */
  constructor(
    private readonly channel: Channel,
    readonly address: string,
    private readonly scheduler: WriteScheduler,
    private readonly maxQueuedBytes: number,
    private readonly onEnded: () => void,
    readonly kind: Receiver,
  ) {}

  attach(events: TransportEvents): void {
    this.events = events;
  }

  /** Whether no message can reach the client any more. */
  get isOver(): boolean {
    return this.ended || this.guard !== undefined;
  }

  /** Whether the client is gone for good. */
  get isEnded(): boolean {
    return this.ended;
  }

  /** Whether the client has not fetched the close of its session yet. */
  get isToTell(): boolean {
    return this.isOver && !this.ended && !this.farewell?.writableFinished;
  }

  send(frame: Outgoing, lane?: Lane): void {
    this.sent++;
    this.sentBytes += frame.bytes.length;
    this.queue.add(frame, this.sent, lane);
    this.schedule();
  }

  sendHeartbeat(): void {
    // One that waits is as good as ten: a client that is between two polls would get them all at once.
    if (!this.queue.isEmpty) return;
    this.queue.add(HEARTBEAT, this.sent);
    this.schedule();
  }

  requestProof(): void {
    this.proofWanted = true;
    this.schedule();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    for (const reader of this.readers) reader();
    this.readers.clear();
  }

  /** Resolves when the client is read again, at once when it is; also when it is gone. */
  async untilRead(): Promise<void> {
    while (this.paused && !this.isOver) await new Promise<void>((resolve) => this.readers.add(resolve));
  }

  /**
   * The client asks for what waits for it.
   * @param open hands the request to the package, which writes into `response`
   */
  receive(response: ServerResponse, streaming: boolean, open: () => void): void {
    const former = this.answer;
    if (this.isOver || this.channel.receiving) {
      // The package says what is wrong: the session is closing, or another request of this kind is still open.
      if (this.isOver) this.farewell = response;
      open();
      return;
    }
    this.answer = { response, streaming, count: former?.count ?? 0 };
    // Not before the last byte has left: a client that asks earlier cannot have had it.
    if (former?.response.writableFinished) this.prove(former.count);
    this.fill();
    open();
    this.watch(response);
    this.settle();
  }

  /** The first answer, which has opened the session. */
  opened(response: ServerResponse, streaming: boolean): void {
    this.answer = { response, streaming, count: 0 };
    this.watch(response);
    this.settle();
  }

  flush(): void {
    this.queued = false;
    if (this.isOver) return;
    this.pump();
    this.ask();
    this.bound();
  }

  /** A request brought more than it may. */
  tooLarge(): void {
    this.close({ code: TOO_LARGE, reason: 'message too large' });
    this.events?.onClose(TOO_LARGE);
  }

  close({ code, reason }: Pick<Closure, 'code' | 'reason'>): void {
    if (this.isOver) return;
    this.guard = setTimeout(() => this.terminate(), CLOSE_GRACE_MS);
    clearTimeout(this.renewal);
    if (this.channel.receiving) this.farewell = this.answer?.response;
    this.channel.send(this.queue.take(Number.POSITIVE_INFINITY).frames.map(textOf));
    this.channel.close(code, reason);
    this.resume();
  }

  terminate(): void {
    const response = this.answer?.response;
    // What was written to its end before a close may still reach the client.
    const leaving = this.guard !== undefined && response?.writableEnded;
    if (response && !response.writableFinished && !leaving) response.destroy();
    this.channel.discard();
  }

  // What the package tells.

  onMessage(text: unknown): void {
    if (typeof text === 'string') this.events?.onData(Buffer.from(text));
    else this.broken();
  }

  onEnd(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.guard);
    clearTimeout(this.renewal);
    this.queue.take(Number.POSITIVE_INFINITY);
    this.resume();
    this.onEnded();
    this.events?.onClose(ABNORMAL);
  }

  /** The client sent what is no SockJS message. */
  private broken(): void {
    this.close(closures.protocolError);
    this.events?.onClose(closures.protocolError.code);
  }

  private prove(count: number): void {
    this.proofPendingSince = 0;
    this.events?.onProof(count);
  }

  /** What waits goes to the package before there is an answer: so it goes out as one message. */
  private fill(): void {
    const { frames, mark } = this.queue.take(BATCH_BYTES);
    if (frames.length === 0 || !this.answer) return;
    this.channel.send(frames.map(textOf));
    this.answer.count = mark;
    this.lastWrite = Date.now();
  }

  private bound(): void {
    const room = this.maxQueuedBytes - (this.answer?.response.writableLength ?? 0);
    if (this.queue.bytes > room) this.queue.shed(room);
    if (this.queue.bytes > room) this.events?.onOverflow();
    const wasCongested = this.congested;
    this.congested = this.queue.bytes > HIGH_WATER;
    if (wasCongested && !this.congested) this.events?.onDrain();
  }

  /** Writes what waits, as long as there is an answer that takes it. */
  private pump(): void {
    const { answer } = this;
    while (answer && this.channel.receiving && !this.queue.isEmpty) {
      if (answer.response.writableNeedDrain) return;
      this.fill();
      if (!this.channel.receiving) this.answered();
    }
  }

  /** After an answer was begun. */
  private settle(): void {
    if (this.channel.receiving) this.schedule();
    else this.answered();
  }

  /** The answer is at its end: the client's next request will prove it. */
  private answered(): void {
    clearTimeout(this.renewal);
    this.renewal = undefined;
    this.proofWanted = false;
    if (this.proofPendingSince === 0) this.proofPendingSince = Date.now();
  }

  /** Makes the client ask again, where a proof is wanted. */
  private ask(): void {
    if (!this.proofWanted || !this.channel.receiving) return;
    if (this.answer?.streaming) {
      // Whether or not the client reads: one that does not will not ask again either, and is found out.
      this.renewal ??= setTimeout(() => this.renew(), RENEW_AFTER_MS);
      return;
    }
    // A poll that is still open has carried nothing.
    this.channel.heartbeat();
    this.answered();
  }

  private renew(): void {
    this.renewal = undefined;
    if (!this.channel.receiving) return;
    this.channel.endAnswer();
    this.answered();
  }

  private watch(response: ServerResponse): void {
    response.on('drain', () => this.schedule());
    response.once('close', () => {
      // Cut before it had everything, though the package had done with it.
      if (!response.writableFinished && !this.ended) this.terminate();
    });
  }

  private schedule(): void {
    if (this.queued) return;
    this.queued = true;
    this.scheduler.add(this);
  }
}
