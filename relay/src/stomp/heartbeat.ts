import { ProtocolError } from '../errors.js';

/** One side's `heart-beat` header, in milliseconds; 0 means "cannot" or "do not want". */
export interface HeartBeat {
  /** The shortest interval at which this side can send. */
  readonly send: number;
  /** The interval at which this side wants to hear something. */
  readonly receive: number;
}

/** What both sides have settled on, in milliseconds; 0 means no heart-beats that way. */
export interface HeartBeatIntervals {
  readonly clientToServer: number;
  readonly serverToClient: number;
}

/** The longest delay a Node timer keeps; a longer one would fire at once. */
const LONGEST_MS = 2 ** 31 - 1;

const HEART_BEAT = /^([0-9]{1,16}),([0-9]{1,16})$/;

/**
 * Reads a `heart-beat` header `cx,cy` (STOMP 1.2, Heart-beating). A missing header is `0,0`; numbers
 * beyond 2³¹−1 ms count as that.
 * @throws ProtocolError ERR_BAD_HEARTBEAT for anything but two whole numbers and a comma.
 */
export function parseHeartBeat(value: string | undefined): HeartBeat {
  if (value === undefined) return { send: 0, receive: 0 };
  const match = HEART_BEAT.exec(value);
  if (match === null) {
    throw new ProtocolError(
      'ERR_BAD_HEARTBEAT',
      'heart-beat must be two whole numbers of milliseconds, like 10000,10000',
    );
  }
  return { send: Math.min(Number(match[1]), LONGEST_MS), receive: Math.min(Number(match[2]), LONGEST_MS) };
}

/** The header value that `parseHeartBeat` reads back. */
export function formatHeartBeat(heartBeat: HeartBeat): string {
  return `${heartBeat.send},${heartBeat.receive}`;
}

/** Settles the two directions: none when either side says 0, else the slower of the two wishes. */
export function negotiateHeartBeat(client: HeartBeat, server: HeartBeat): HeartBeatIntervals {
  return {
    clientToServer: interval(client.send, server.receive),
    serverToClient: interval(server.send, client.receive),
  };
}

function interval(canSend: number, wanted: number): number {
  return canSend === 0 || wanted === 0 ? 0 : Math.max(canSend, wanted);
}
