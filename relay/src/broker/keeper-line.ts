import type { ConsumeMessage, Options } from 'amqplib';
import type { Command } from '../unread/verdict.js';

/** A message on its way into a mailbox. */
export interface Store {
  readonly kind: 'store';
  /** The keeper's own name for it. */
  readonly id: string;
  readonly line: Line;
  /** As it came out of the intake. */
  readonly message: ConsumeMessage;
  /** As it goes into the mailbox. */
  readonly properties: Options.Publish;
  /** The broker found no mailbox for it. */
  returned: boolean;
  attempts: number;
}

export type Job =
  | Store
  | { readonly kind: 'command'; readonly command: Command; readonly message: ConsumeMessage };

/** What is to be done for one mailbox, in the order of the intake. */
export class Line {
  readonly waiting: Job[] = [];
  /** Published and not confirmed yet. */
  inFlight = 0;
  /** Something is being done that nothing may overtake. */
  busy = false;
  /** Came back; put in front again when nothing is in flight any more. */
  again: Store[] = [];
  /** Some of `again` were refused, not just without a mailbox. */
  refused = false;

  constructor(readonly key: string) {}

  get isIdle(): boolean {
    return !this.busy && this.inFlight === 0 && this.waiting.length === 0 && this.again.length === 0;
  }

  /** Puts what came back in front, in the order of the intake; returns the first. */
  takeAgain(): Store | undefined {
    const again = this.again.sort((a, b) => a.message.fields.deliveryTag - b.message.fields.deliveryTag);
    this.again = [];
    this.waiting.unshift(...again);
    return again[0];
  }
}
