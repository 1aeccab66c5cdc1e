import { FrameImpl, type IRawFrameType, type IStompSocket, Parser } from '@stomp/stompjs';
import type { Value } from './observable.js';
import type { WebSocketLike, WireFrame } from './types.js';

/** Where frames are shown to; nothing is parsed for nobody. */
export type Tap = Value<WireFrame | undefined>;

type Handler<Event> = ((event: Event) => void) | null;
interface CloseLike {
  readonly code: number;
  readonly reason: string;
}

/** What a close is called that this side made without waiting for the other. */
const DROPPED = { code: 4001, reason: 'dropped', wasClean: false } as CloseEvent;
const SECRET = /^(authorization|x-authorization|x-auth-token|passcode|login|cookie|token|ticket)$/i;
const MASK = '•••';

/** One socket as stompjs uses it: it can be dropped at once, and what goes by can be looked at. */
export class Wire implements IStompSocket {
  onopen: Handler<unknown> = null;
  onclose: Handler<CloseEvent> = null;
  onerror: Handler<unknown> = null;
  onmessage: Handler<MessageEvent> = null;
  binaryType: BinaryType = 'arraybuffer';
  opened = false;
  private ended = false;
  private readonly parsers = { in: this.parser('in'), out: this.parser('out') };
  /** When something was last sent, for heart-beats. */
  private sentAt = 0;

  constructor(
    private readonly socket: WebSocketLike,
    private readonly tap: Tap,
  ) {
    (socket as { binaryType?: string }).binaryType = 'arraybuffer';
    socket.onopen = (event: unknown) => {
      this.opened = true;
      this.onopen?.(event);
    };
    socket.onmessage = (event: MessageEvent) => {
      if (this.ended) return;
      this.show('in', event.data);
      this.onmessage?.(event);
    };
    socket.onerror = (event: unknown) => this.onerror?.(event);
    socket.onclose = (event: CloseLike) => this.end(event as CloseEvent);
  }

  get url(): string {
    return this.socket.url;
  }

  get readyState(): number {
    return this.ended ? 3 : this.socket.readyState;
  }

  send(data: string | ArrayBuffer): void {
    this.sentAt = Date.now();
    this.show('out', data);
    this.socket.send(data);
  }

  /**
   * Answers a heart-beat unless something was sent in the last `interval` milliseconds: browsers slow the timers of
   * hidden tabs down to one a minute, but not what arrives.
   */
  answerHeartbeat(interval: number): void {
    if (this.readyState === 1 && Date.now() - this.sentAt > interval) this.send('\n');
  }

  close(): void {
    this.socket.close();
  }

  /** For stompjs, and for whoever wants the connection gone: does not wait for a peer that may not answer. */
  readonly terminate = (): void => {
    const { socket } = this;
    try {
      const { terminate } = socket as { terminate?: () => void };
      if (terminate) terminate.call(socket);
      else socket.close();
    } catch {
      // It had not opened yet.
    }
    this.end(DROPPED);
  };

  private end(event: CloseEvent): void {
    if (this.ended) return;
    this.ended = true;
    this.onclose?.(event);
  }

  private show(direction: 'in' | 'out', data: string | ArrayBuffer): void {
    if (this.tap.watched) this.parsers[direction].parseChunk(data);
  }

  private parser(direction: WireFrame['direction']): Parser {
    const tell = (command: string, headers: Record<string, string>, body: string) =>
      this.tap.tell({ direction, at: Date.now(), command, headers, body });
    return new Parser(
      (raw: IRawFrameType) => {
        const frame = FrameImpl.fromRawFrame(raw, true);
        const headers: Record<string, string> = {};
        // stompjs keeps them in reverse.
        for (const [name, value] of Object.entries(frame.headers).reverse()) {
          headers[name] = SECRET.test(name) ? MASK : value;
        }
        tell(frame.command, headers, frame.body);
      },
      () => tell('heart-beat', {}, ''),
    );
  }
}
