import type { ClosureName } from '../closures.js';
import type { Transport } from '../transport/transport.js';
import type { SessionLimits } from './services.js';

/** How much later than agreed a heart-beat may come (STOMP 1.2, Heart-beating: a margin for timing). */
const TOLERANCE = 2;

/** Keeps one connection's heart-beats in both directions, and watches over proofs that do not come. */
export class Heartbeats {
  /** Milliseconds between writes that we owe the client; 0 = none. */
  private owed = 0;
  /** Milliseconds between reads that the client owes us; 0 = none. */
  private expected = 0;
  private lastRead = Date.now();
  private lastPaused = 0;

  constructor(
    private readonly transport: Transport,
    private readonly limits: SessionLimits,
  ) {}

  agree(owed: number, expected: number): void {
    this.owed = owed;
    this.expected = expected;
    this.lastRead = Date.now();
  }

  heard(): void {
    this.lastRead = Date.now();
  }

  /** `paused`: we are not reading from the client, so its silence is our doing. */
  tick(now: number, paused: boolean, lose: (closure: ClosureName) => void): void {
    const { transport, limits } = this;
    if (paused) this.lastPaused = now;
    const silence = now - Math.max(this.lastRead, this.lastPaused);
    const { proofPendingSince } = transport;
    const unproved = proofPendingSince > 0 ? now - Math.max(proofPendingSince, this.lastPaused) : 0;
    if (this.expected > 0 && silence > this.expected * TOLERANCE) lose('heartbeatLost');
    else if (unproved > limits.confirmTimeout) lose('slowConsumer');
    else {
      // A quarter early: the sweep comes a few times a second, not when it would be due.
      if (this.owed > 0 && now - transport.lastWrite >= this.owed * 0.75 - 125) transport.sendHeartbeat();
      if (silence > limits.pingInterval) transport.requestProof();
    }
  }
}
