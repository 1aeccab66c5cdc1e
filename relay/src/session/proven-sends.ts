import type { Outgoing } from '../outbound/outgoing.js';
import type { Transport } from '../transport/transport.js';
import type { Delivery } from '../upstream/delivery.js';
import { Unproven } from './unproven.js';

/** For how long a proof may be outstanding before nothing more is sent, in milliseconds. */
const PATIENCE_MS = 500;

/**
 * Messages to a client that count as delivered once the transport has proved it.
 *
 * While a proof is overdue, what comes is held back: a client that is gone without a word would only have more on its
 * way that nobody knows of, and one that is frozen would get it from its socket when it wakes up, and unread once more.
 */
export class ProvenSends {
  private readonly unproven = new Unproven();
  private held: { frame: Outgoing; delivery: Delivery }[] = [];
  private heldBytes = 0;

  constructor(
    private readonly transport: Transport,
    /** Bytes that may be held. */
    private readonly most: number,
    private readonly onOverflow: () => void,
  ) {}

  /** Messages that are not proved, held ones included. */
  get size(): number {
    return this.unproven.size + this.held.length;
  }

  send(frame: Outgoing, delivery: Delivery): void {
    if (this.held.length > 0 || this.isOverdue) this.hold(frame, delivery);
    else this.write(frame, delivery);
  }

  /** The client has everything up to the `count`-th frame. */
  prove(count: number): void {
    this.unproven.prove(count);
    const { held } = this;
    if (held.length > 0) {
      this.held = [];
      this.heldBytes = 0;
      for (const { frame, delivery } of held) this.write(frame, delivery);
    }
    if (this.unproven.size > 0) this.transport.requestProof();
  }

  /** The client is gone. */
  releaseAll(): void {
    this.unproven.releaseAll();
    for (const { delivery } of this.held.splice(0)) delivery.release();
  }

  private get isOverdue(): boolean {
    const { proofPendingSince } = this.transport;
    return proofPendingSince > 0 && Date.now() - proofPendingSince > PATIENCE_MS;
  }

  private write(frame: Outgoing, delivery: Delivery): void {
    this.transport.send(frame);
    this.unproven.add(this.transport.sent, delivery);
    this.transport.requestProof();
  }

  private hold(frame: Outgoing, delivery: Delivery): void {
    this.held.push({ frame, delivery });
    this.heldBytes += frame.bytes.length;
    if (this.heldBytes > this.most) this.onOverflow();
  }
}
