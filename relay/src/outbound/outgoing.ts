import { isUtf8 } from 'node:buffer';

/**
 * A frame on its way to one or many clients. It is encoded once; what a transport makes of it (`wire`) is
 * made once too and shared by all clients that get the same frame.
 */
export class Outgoing {
  /** The transport's own form of the frame, made on first use. */
  wire: Buffer | undefined;
  /** The frame for transports that carry nothing but text; see transport/sockjs/framing.ts. */
  text: string | undefined;
  /** The same, ready for a SockJS WebSocket. */
  sockjsWire: Buffer | undefined;

  constructor(
    readonly bytes: Buffer,
    /** Of a MESSAGE: where it was published to, as the client sees it. */
    readonly destination?: string,
  ) {}

  /** Text where it may be: a browser ends the connection on a text message that is not UTF-8. */
  get isText(): boolean {
    return isUtf8(this.bytes);
  }
}
