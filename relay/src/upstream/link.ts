import WebSocket from 'ws';
import { type BrokerTls, tlsFault } from '../broker/tls.js';
import type { Logger } from '../logger.js';
import { FrameDecoder } from '../stomp/decoder.js';
import { encodeFrame } from '../stomp/encoder.js';
import { EMPTY_BODY, type Frame, type HeaderList, header } from '../stomp/frame.js';
import { Rotation } from '../util/rotation.js';

export interface LinkOptions {
  /** For the log: which link this is. */
  name: string;
  /** Of one broker, or of several that are one cluster: the first is tried first. */
  url: string | readonly string[];
  login: string;
  passcode: string;
  vhost: string;
  /** For a `wss:` URL. */
  tls?: BrokerTls | undefined;
  log: Logger;
}

export interface LinkEvents {
  /** CONNECTED arrived; whatever the link carries is to be established (again). */
  onUp(): void;
  onFrame(frame: Frame): void;
  /** An ERROR frame; the link ends after it. */
  onError(frame: Frame): void;
  /**
   * The link is gone; it comes back by itself unless it was closed. `refused`: the broker ended it because of
   * something that was sent over it, so that sending it again would end it again.
   */
  onDown(reason: string, refused: boolean): void;
}

const HEARTBEAT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Less where there is another broker to try. */
const CONNECT_ONE_OF_SEVERAL_MS = 3000;

/** A link that was up that long counts as a good one. */
const STABLE_MS = 3000;

/**
 * RabbitMQ answers what its channel dies of (403, 404, 406 …) with this close and, more often than not, without the ERROR
 * frame that should precede it. A broker that is stopped or killed just ends the socket (1006).
 */
const REFUSED_CLOSE = 1000;
const SUBPROTOCOL = 'v12.stomp';

/**
 * One STOMP 1.2 connection to RabbitMQ's Web-STOMP endpoint, re-established until `close()`: with backoff, once
 * every broker was tried. Frames written in one turn of the event loop go out as one WebSocket message.
 */
export class Link {
  private socket: WebSocket | undefined;
  private connected = false;
  /** How often it has come up. */
  connects = 0;
  private closed = false;
  private gotError = false;
  private outgoing: Buffer[] = [];
  private flushing = false;
  private paused = false;
  private beat: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private heard = 0;
  private upSince = 0;
  private readonly brokers: Rotation;
  /** Why the link is down; undefined while it is up. */
  lastError: string | undefined = 'not connected yet';
  /** The broker's name for the present connection; part of every `ack` value that it gives out. */
  session = '';

  constructor(
    readonly options: LinkOptions,
    private readonly events: LinkEvents,
  ) {
    this.brokers = new Rotation(options.url);
  }

  /** True when every broker refused the login, or TLS is set up wrong: trying again does not help. */
  get refused(): boolean {
    return this.brokers.refused;
  }

  get up(): boolean {
    return this.connected;
  }

  /** Bytes that were sent but not yet taken by the operating system. */
  get bufferedBytes(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  open(): void {
    if (this.closed) return;
    const patience = this.brokers.several ? CONNECT_ONE_OF_SEVERAL_MS : CONNECT_TIMEOUT_MS;
    const socket = new WebSocket(this.brokers.current, SUBPROTOCOL, {
      perMessageDeflate: false,
      handshakeTimeout: patience,
      maxPayload: 256 * 1024 * 1024,
      skipUTF8Validation: true,
      ...this.options.tls,
    });
    this.socket = socket;
    const decoder = new FrameDecoder({ onFrame: (frame) => this.receive(frame) }, { side: 'client' });
    socket.on('open', () => this.connect());
    socket.on('message', (data: Buffer) => {
      this.heard = Date.now();
      try {
        decoder.push(data);
      } catch (error) {
        // An exception out of a ws listener would end the process; the link starts over instead.
        this.options.log.error({ link: this.options.name, err: error }, 'unusable frame from the broker');
        decoder.stop();
        socket.terminate();
      }
    });
    socket.on('error', (error) => {
      const fault = tlsFault(error);
      if (fault?.permanent && !this.connected) this.brokers.refuse(true);
      this.lastError = fault?.message ?? error.message;
    });
    socket.on('close', (code: number) => this.lost(socket, code));
    this.retry = setTimeout(() => {
      this.lastError = 'the broker did not answer CONNECT in time';
      socket.terminate();
    }, patience);
  }

  /** Sends a frame that is already encoded. Only while `up`; the caller keeps what must not be lost. */
  write(frame: Buffer): void {
    this.outgoing.push(frame);
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  send(command: string, headers: HeaderList, body: Buffer = EMPTY_BODY): void {
    this.write(encodeFrame(command, headers, body, '1.2'));
  }

  /** Stops reading from the broker, which soon cannot send any more; until `resume`, or until the connection is another. */
  pause(): void {
    this.paused = true;
    this.socket?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.heard = Date.now();
    this.socket?.resume();
  }

  /** Cuts the connection, as a lost network would; it comes back by itself. False when there is none. */
  cut(): boolean {
    if (!this.connected) return false;
    this.socket?.terminate();
    return true;
  }

  /**
   * Ends the link for good. What was written goes out first; resolves when the broker has closed its side, so that
   * nothing of this link lives on there, or after `grace` milliseconds.
   */
  async close(grace = 1000): Promise<void> {
    if (this.closed) return;
    // A paused socket would never read the broker's answer.
    this.resume();
    this.flush();
    this.closed = true;
    this.clearTimers();
    const { socket } = this;
    if (!socket) return;
    if (!this.connected) {
      socket.terminate();
      return;
    }
    this.connected = false;
    // RabbitMQ closes the connection in answer to DISCONNECT, after it has done everything before it.
    socket.send(encodeFrame('DISCONNECT', [], EMPTY_BODY, '1.2'), { binary: true });
    await new Promise<void>((resolve) => {
      const guard = setTimeout(() => socket.terminate(), grace);
      socket.once('close', () => {
        clearTimeout(guard);
        resolve();
      });
    });
  }

  private connect(): void {
    const { login, passcode, vhost } = this.options;
    const headers = ['accept-version', '1.2', 'host', vhost, 'login', login, 'passcode', passcode];
    // We promise none and send them all the same, which keeps the WebSocket from being idle: RabbitMQ 3.10 cuts a link
    // whose heart-beats it checks when flow control holds that link back (`unexpected_message, resume` in its log).
    headers.push('heart-beat', `0,${HEARTBEAT_MS}`);
    this.socket?.send(encodeFrame('CONNECT', headers, EMPTY_BODY, '1.2'), { binary: true });
  }

  private receive(frame: Frame): void {
    if (frame.command === 'ERROR') {
      if (isStray(frame)) return;
      this.lastError = `${header(frame.headers, 'message') ?? 'ERROR'}: ${frame.body.toString().trim()}`;
      if (!this.connected && header(frame.headers, 'message') === 'Bad CONNECT') this.brokers.refuse(true);
      this.gotError = true;
      this.events.onError(frame);
      this.socket?.terminate();
      return;
    }
    if (frame.command === 'CONNECTED') {
      clearTimeout(this.retry);
      this.connected = true;
      this.connects++;
      this.session = header(frame.headers, 'session') ?? '';
      this.lastError = undefined;
      this.brokers.refuse(false);
      this.upSince = Date.now();
      this.heard = Date.now();
      this.beat = setInterval(() => this.heartbeat(), HEARTBEAT_MS / 2);
      this.events.onUp();
      return;
    }
    this.events.onFrame(frame);
  }

  private heartbeat(): void {
    if (!this.paused && Date.now() - this.heard > HEARTBEAT_MS * 2.5) {
      this.lastError = 'heart-beats from the broker stopped';
      this.socket?.terminate();
      return;
    }
    this.socket?.send('\n');
  }

  private flush(): void {
    this.flushing = false;
    const frames = this.outgoing;
    if (frames.length === 0) return;
    this.outgoing = [];
    if (!this.connected || this.socket?.readyState !== WebSocket.OPEN) return;
    const only = frames.length === 1 ? frames[0] : undefined;
    this.socket.send(only ?? Buffer.concat(frames), { binary: true });
  }

  private lost(socket: WebSocket, code: number): void {
    if (this.socket !== socket) return;
    const refused = this.connected && (code === REFUSED_CLOSE || this.gotError);
    this.gotError = false;
    // A link that dies as soon as it is up must not be made again without a pause.
    if (this.connected && Date.now() - this.upSince > STABLE_MS) this.brokers.worked();
    this.clearTimers();
    this.socket = undefined;
    this.connected = false;
    this.paused = false;
    this.outgoing = [];
    if (this.closed) return;
    this.lastError ??= refused ? 'the broker refused a frame' : 'the broker closed the connection';
    this.events.onDown(this.lastError, refused);
    if (this.closed) return;
    this.retry = setTimeout(() => this.open(), this.brokers.next());
  }

  private clearTimers(): void {
    clearInterval(this.beat);
    clearTimeout(this.retry);
  }
}

/**
 * An UNSUBSCRIBE that crosses messages makes RabbitMQ's STOMP plugin complain about each of them, to itself as it were:
 * the connection goes on, and the messages go where those go that nobody acknowledged.
 */
function isStray({ body }: Frame): boolean {
  return body.includes('There is no current subscription with tag');
}
