import type { RelayError } from '../errors.js';
import { receiptFrame } from '../outbound/frames.js';
import { type Frame, type HeaderList, header } from '../stomp/frame.js';
import { Outstanding } from './outstanding.js';
import type { Session } from './session.js';

/** The RECEIPTs of one session: what still has to come before a frame can be answered, and what waits for that. */
export class Answers {
  /** Whether something went over the shared link whose confirmation this client does not wait for. */
  sentUnconfirmed = false;
  private readonly outstanding: Outstanding;
  private holding = false;

  /** @param unproven what the client was sent and has not proved yet */
  constructor(
    private readonly session: Session,
    unproven: { readonly size: number },
  ) {
    this.outstanding = new Outstanding(unproven);
  }

  /** True while a SUBSCRIBE is not confirmed. */
  get subscribing(): boolean {
    return this.outstanding.subscriptions > 0;
  }

  /** Sends the RECEIPT that a frame asked for, if it asked for one. */
  receipt(frame: Frame, more: HeaderList = []): void {
    const receipt = header(frame.headers, 'receipt');
    if (receipt !== undefined) this.session.send(receiptFrame(receipt, this.session.version, more));
  }

  /** A callback for the broker's answer to `frame`: RECEIPT, or ERROR and the end. Undefined when none is wanted. */
  whenConfirmed(frame: Frame): ((error?: RelayError) => void) | undefined {
    const receipt = header(frame.headers, 'receipt');
    if (receipt === undefined) return undefined;
    // What is part of a transaction may never be answered: an ABORT is the end of it.
    const ends = frame.command === 'COMMIT' || frame.command === 'ABORT';
    const counts = ends || header(frame.headers, 'transaction') === undefined ? 1 : 0;
    this.outstanding.frames += counts;
    return (error) => {
      this.outstanding.frames -= counts;
      this.session.services.metrics.sends.inc({ result: error ? error.code : 'confirmed' });
      if (error) this.session.fail(error, receipt);
      else {
        this.session.send(receiptFrame(receipt, this.session.version));
        this.check();
      }
    };
  }

  /** A SUBSCRIBE is on its way; frames that depend on it wait until `confirmSubscription`. */
  expectSubscription(): void {
    this.outstanding.subscriptions++;
  }

  confirmSubscription(frame: Frame): void {
    this.outstanding.subscriptions--;
    this.receipt(frame);
    this.check();
    if (this.subscribing || !this.holding) return;
    this.holding = false;
    this.session.intake.release();
  }

  /** Keeps a frame back until no SUBSCRIBE is on its way any more. */
  holdUntilSubscribed(frame: Frame): void {
    this.holding = true;
    this.session.intake.hold(frame);
  }

  /** Resolves as `Outstanding.settled`, what was sent without a receipt included. */
  settled(limit: number): Promise<boolean> {
    this.fence();
    return this.outstanding.settled(limit);
  }

  /** Whether nothing is outstanding, what was sent without a receipt included; asks the broker for that. */
  settle(): boolean {
    this.fence();
    return this.outstanding.nothing;
  }

  /** To be called whenever something was proved. */
  check(): void {
    this.outstanding.check();
  }

  giveUp(): void {
    this.outstanding.giveUp();
  }

  private fence(): void {
    if (!this.sentUnconfirmed) return;
    this.sentUnconfirmed = false;
    this.outstanding.frames++;
    this.session.sends.fence((error) => {
      this.outstanding.frames--;
      if (error) this.session.fail(error);
      else this.check();
    });
  }
}
