import type { Closure } from '../closures.js';
import type { Outgoing } from '../outbound/outgoing.js';
import type { Lane } from './lane.js';
import type { Receiver } from './sockjs/paths.js';

/** How a client reaches the relay; all but the first are SockJS, the last five over plain HTTP. */
export type TransportKind = 'websocket' | 'sockjs-websocket' | Receiver;

/**
 * Bytes that a socket may have before it that the operating system has not taken; what comes then waits where it can still
 * be dropped.
 */
export const HIGH_WATER = 64 * 1024;

/**
 * What a session needs of a socket, whatever kind it is. Adapters are thin: they move bytes and know no STOMP.
 *
 * `send` counts. When a session asks for proof, the adapter finds out by its own means that everything it has
 * been given so far has reached the client, and reports the count up to which that is so.
 */
export interface Transport {
  readonly kind: TransportKind;
  /** The client's address, for the log. */
  readonly address: string;
  /** How many frames were given to `send` so far. */
  readonly sent: number;
  /** How many bytes of STOMP that was. */
  readonly sentBytes: number;
  /** When bytes last went out, in milliseconds since the epoch. */
  readonly lastWrite: number;
  /** A frame of a lane may be dropped while it waits for a client that does not keep up; the others never are. */
  send(frame: Outgoing, lane?: Lane): void;
  /** True while frames wait because the client does not keep up; `onDrain` tells of the end. */
  readonly congested: boolean;
  /** A heart-beat (STOMP 1.2, Heart-beating): one EOL. */
  sendHeartbeat(): void;
  /** Asks for `onProof` covering everything sent so far; repeated requests are merged. */
  requestProof(): void;
  /** Since when a proof has been outstanding, in milliseconds since the epoch; 0 when none is. */
  readonly proofPendingSince: number;
  /** Stops and resumes reading from the client. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then closes; ends the socket by force when the client does not answer. */
  close(closure: Closure): void;
  /** Ends the socket at once. */
  terminate(): void;
}

/** A transport whose session is still to be made. */
export interface OpenedTransport extends Transport {
  /** From now on `events` is told what happens. */
  attach(events: TransportEvents): void;
}

/** What a transport tells its session. */
export interface TransportEvents {
  onData(chunk: Buffer): void;
  /** Everything up to the `count`-th frame has reached the client. */
  onProof(count: number): void;
  /** Nothing waits for the client any more. */
  onDrain(): void;
  /** More than the allowed bytes wait for a client that does not read. */
  onOverflow(): void;
  onClose(code: number): void;
}
