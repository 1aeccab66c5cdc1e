import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { type Closure, closures } from '../closures.js';
import { Outgoing } from '../outbound/outgoing.js';
import { EMPTY_BODY } from '../stomp/frame.js';
import type { Lane } from './lane.js';
import { OutboundQueue } from './outbound-queue.js';
import type { Flushable, SharedWrites, WriteScheduler } from './scheduler.js';
import { HIGH_WATER, type OpenedTransport, type TransportEvents, type TransportKind } from './transport.js';

export const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;
const FIN_PING = 0x89;
const HEARTBEAT = Buffer.from([FIN_TEXT, 1, 0x0a]);

/** How long a client may take to answer a close before its socket is ended. */
const CLOSE_GRACE_MS = 2000;

/**
 * Node makes an Error, stack and all, for every write that a destroyed socket still holds, unless it is given one. A
 * client that reads nothing has ten thousand of them, and 200 such clients that are cut at once stood still for 7 s.
 */
const CUT = new Error('the connection was cut');

/** What a transport makes of frames, and of messages: plain STOMP unless another protocol lies in between. */
export interface Framing {
  readonly kind: TransportKind;
  /** Sent before anything else. */
  readonly opening?: Buffer;
  readonly heartbeat: Buffer;
  /** A whole WebSocket frame. */
  wire(frame: Outgoing): Buffer;
  /** What a client's message holds; undefined when it breaks the protocol. */
  read(message: Buffer): Buffer | undefined;
  /** Sent before the WebSocket is closed. */
  closing?(closure: Closure): Buffer;
}

const PLAIN: Framing = {
  kind: 'websocket',
  heartbeat: HEARTBEAT,
  wire: (frame) => {
    frame.wire ??= websocketFrame(frame.isText ? FIN_TEXT : FIN_BINARY, frame.bytes);
    return frame.wire;
  },
  read: (message) => message,
};

/**
 * The WebSocket adapter. Reading, pongs and closing are left to `ws`; data frames are written to the socket
 * directly, because that way a frame for a thousand clients is framed once and the frames of one turn leave in
 * one write. It is sound as long as compression is off: then `ws` too writes each frame at once and whole.
 *
 * Proof of delivery: a ping that carries the count of frames sent before it; the pong brings it back
 * (RFC 6455, 5.5.3), and TCP's order makes it stand for everything before.
 */
export class WebSocketTransport implements OpenedTransport, Flushable {
  sent = 0;
  sentBytes = 0;
  lastWrite = Date.now();
  proofPendingSince = 0;
  private pinged = 0;
  private proofWanted = false;
  private pending: Buffer[] = [];
  private queued = false;
  /** What waits for the socket; undefined while it takes what comes. */
  private waiting: OutboundQueue | undefined;
  private events: TransportEvents | undefined;

  constructor(
    private readonly ws: WebSocket,
    private readonly socket: Duplex,
    readonly address: string,
    private readonly scheduler: WriteScheduler,
    private readonly maxQueuedBytes: number,
    private readonly framing: Framing = PLAIN,
  ) {}

  get kind(): TransportKind {
    return this.framing.kind;
  }

  attach(events: TransportEvents): void {
    this.events = events;
    if (this.framing.opening) this.queue(this.framing.opening);
    this.ws.on('message', (data: Buffer) => {
      const bytes = this.framing.read(data);
      if (bytes) events.onData(bytes);
      else this.broken();
    });
    this.ws.on('pong', (data: Buffer) => this.pong(data));
    this.ws.on('error', () => this.terminate());
    this.ws.on('close', (code: number) => events.onClose(code));
  }

  send(frame: Outgoing, lane?: Lane): void {
    this.sent++;
    this.sentBytes += frame.bytes.length;
    if (this.waiting) {
      this.waiting.add(frame, this.sent, lane);
      this.schedule();
      return;
    }
    this.queue(this.framing.wire(lane === undefined ? frame : lane.stamp(frame)));
  }

  get congested(): boolean {
    return this.waiting !== undefined;
  }

  sendHeartbeat(): void {
    // What waits is a sign of life as good as any.
    if (!this.waiting) this.queue(this.framing.heartbeat);
  }

  requestProof(): void {
    if (this.proofWanted) return;
    this.proofWanted = true;
    if (this.proofPendingSince === 0) this.schedule();
  }

  pause(): void {
    this.ws.pause();
  }

  resume(): void {
    this.ws.resume();
  }

  close(closure: Closure): void {
    if (this.framing.closing) this.put(this.framing.closing(closure));
    this.flush();
    if (this.waiting) this.write(this.waiting, Number.POSITIVE_INFINITY);
    this.waiting = undefined;
    if (this.ws.readyState !== WebSocket.OPEN) return;
    // A paused socket would never read the client's answer to the close.
    this.ws.resume();
    this.ws.close(closure.code, closure.reason);
    const guard = setTimeout(() => this.terminate(), CLOSE_GRACE_MS);
    this.ws.once('close', () => clearTimeout(guard));
  }

  terminate(): void {
    this.waiting = undefined;
    this.socket.destroy(CUT);
    this.ws.terminate();
  }

  flush(shared?: SharedWrites): void {
    this.queued = false;
    if (this.ws.readyState !== WebSocket.OPEN) {
      this.pending = [];
      this.waiting = undefined;
      return;
    }
    if (this.proofWanted && this.proofPendingSince === 0) this.ping();
    if (this.waiting) {
      this.bound(this.waiting);
      return;
    }
    const pieces = this.pending;
    if (pieces.length === 0) return;
    this.pending = [];
    this.lastWrite = Date.now();
    const only = pieces.length === 1 ? pieces[0] : undefined;
    const flowing = this.socket.write(only ?? shared?.join(pieces) ?? Buffer.concat(pieces));
    if (!flowing && this.socket.writableLength > HIGH_WATER) this.hold();
  }

  /** From now on frames wait here, until the socket has got rid of what it has. */
  private hold(): void {
    this.waiting = new OutboundQueue();
    this.socket.once('drain', () => this.drained());
    if (this.socket.writableLength > this.maxQueuedBytes) this.events?.onOverflow();
  }

  private drained(): void {
    if (!this.waiting) return;
    while (!this.waiting.isEmpty) {
      if (this.write(this.waiting, HIGH_WATER)) continue;
      this.socket.once('drain', () => this.drained());
      return;
    }
    this.waiting = undefined;
    this.events?.onDrain();
  }

  /** @returns false when the socket has to drain before the next */
  private write(waiting: OutboundQueue, most: number): boolean {
    const pieces = waiting.take(most).frames.map((frame) => this.framing.wire(frame));
    const only = pieces.length === 1 ? pieces[0] : undefined;
    this.lastWrite = Date.now();
    return this.socket.write(only ?? Buffer.concat(pieces)) || this.socket.writableLength === 0;
  }

  private bound(waiting: OutboundQueue): void {
    const room = this.maxQueuedBytes - this.socket.writableLength;
    if (waiting.bytes > room) waiting.shed(room);
    if (waiting.bytes > room) this.events?.onOverflow();
  }

  private broken(): void {
    this.close(closures.protocolError);
    this.events?.onClose(closures.protocolError.code);
  }

  private ping(): void {
    this.proofWanted = false;
    this.proofPendingSince = Date.now();
    this.pinged = this.sent;
    this.put(websocketFrame(FIN_PING, Buffer.from(String(this.pinged), 'latin1')));
  }

  private pong(payload: Buffer): void {
    const count = Number(payload.toString('latin1'));
    // Unsolicited pongs are allowed (RFC 6455, 5.5.3) and prove nothing.
    if (this.proofPendingSince === 0 || count !== this.pinged) return;
    this.proofPendingSince = 0;
    this.events?.onProof(count);
    if (this.proofWanted) this.schedule();
  }

  private queue(wire: Buffer): void {
    this.pending.push(wire);
    this.schedule();
  }

  /** Behind everything that was sent. */
  private put(wire: Buffer): void {
    if (this.waiting) this.waiting.add(finished(wire), this.sent);
    else this.pending.push(wire);
  }

  private schedule(): void {
    if (this.queued) return;
    this.queued = true;
    this.scheduler.add(this);
  }
}

/** A frame of the WebSocket's own, among those of STOMP. */
function finished(wire: Buffer): Outgoing {
  const frame = new Outgoing(EMPTY_BODY);
  frame.wire = wire;
  frame.sockjsWire = wire;
  return frame;
}

/** A whole, unmasked WebSocket frame (RFC 6455, 5.2). */
export function websocketFrame(first: number, payload: Buffer): Buffer {
  const size = payload.length;
  const head = size < 126 ? 2 : size < 65536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + size);
  frame[0] = first;
  if (head === 2) frame[1] = size;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(size, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(Math.floor(size / 2 ** 32), 2);
    frame.writeUInt32BE(size >>> 0, 6);
  }
  payload.copy(frame, head);
  return frame;
}
