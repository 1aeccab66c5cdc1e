import { FrameDecoder } from '../../src/stomp/decoder.js';
import { type Frame, header, type StompVersion } from '../../src/stomp/frame.js';
import { CLIENT_SIDE_LIMITS } from '../../src/stomp/limits.js';
import type { StompFrame } from '../types.js';

type Direction = StompFrame['direction'];

/** What is known of a frame before it is one of a page's. */
export type DecodedFrame = Pick<StompFrame, 'direction' | 'command' | 'headers' | 'body' | 'bytes'>;

/** Stands for bytes that are no STOMP, with what is wrong as its body. Nothing is read in that direction afterwards. */
export const UNREADABLE = 'UNREADABLE';

/** SockJS puts a server and a session of the client's choice into the path. */
const SOCKJS = /\/[^/.]+\/[^/.]+\/websocket$/;

/**
 * The frames of one socket, whatever way they were cut into messages.
 * @param url of the socket, by which SockJS is known
 */
export class SocketFrames {
  readonly #decoders: Record<Direction, FrameDecoder>;
  readonly #sockjs: boolean;

  constructor(
    url: string,
    private readonly onFrame: (frame: DecodedFrame) => void,
  ) {
    this.#sockjs = SOCKJS.test(new URL(url).pathname);
    this.#decoders = { in: this.#decoder('in'), out: this.#decoder('out') };
  }

  /** One WebSocket message. Never throws: a page under test may send anything. */
  push(direction: Direction, payload: string | Buffer): void {
    try {
      for (const text of this.#sockjs ? unwrap(direction, payload.toString()) : [payload]) {
        this.#decoders[direction].push(typeof text === 'string' ? Buffer.from(text) : text);
      }
    } catch (error) {
      this.#decoders[direction].stop();
      const body = error instanceof Error ? error.message : String(error);
      this.onFrame({ direction, command: UNREADABLE, headers: {}, body, bytes: Buffer.from(body) });
    }
  }

  #decoder(direction: Direction): FrameDecoder {
    // The page is the client: what goes out is read as a server reads it.
    const side = direction === 'out' ? 'server' : 'client';
    const onFrame = (frame: Frame) => {
      if (frame.command === 'CONNECTED') this.#agree(header(frame.headers, 'version'));
      this.onFrame(decoded(direction, frame));
    };
    return new FrameDecoder({ onFrame }, { side, limits: CLIENT_SIDE_LIMITS });
  }

  /** Escapes differ between versions. */
  #agree(version = '1.0'): void {
    for (const decoder of Object.values(this.#decoders)) decoder.version = version as StompVersion;
  }
}

/** A SockJS message: `["…"]` from the client; `o`, `h`, `a["…"]`, `m"…"` or `c[…]` from the server. */
function unwrap(direction: Direction, payload: string): string[] {
  if (direction === 'in') {
    if (!/^[am]/.test(payload)) return [];
    return ([] as string[]).concat(JSON.parse(payload.slice(1)) as string | string[]);
  }
  return ([] as string[]).concat(JSON.parse(payload) as string | string[]);
}

function decoded(direction: Direction, { command, headers, body }: Frame): DecodedFrame {
  const named: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', value = ''] = headers.slice(i, i + 2);
    if (!Object.hasOwn(named, name)) named[name] = value;
  }
  // The relay's spelling of bytes that are no UTF-8 where only text goes through.
  const base64 = named['relay-encoding'] === 'base64';
  const bytes = base64 ? Buffer.from(body.toString(), 'base64') : Buffer.from(body);
  return { direction, command, headers: named, body: bytes.toString(), bytes };
}
