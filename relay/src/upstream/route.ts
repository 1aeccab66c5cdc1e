import type { OutboundMessage } from '../outbound/message.js';
import type { Delivery, Settler } from './delivery.js';

/** A client's subscription to one of its own `/user/…` destinations. */
export interface UserTaker {
  deliver(message: OutboundMessage, delivery: Delivery): void;
  /** What it holds keeps the messages of others from this relay: it is to give it back. */
  yield(): void;
}

/** Those who take one user's destination here, and how many of its messages are on their way to them. */
export class Route implements Settler {
  /** Messages that nobody has settled yet. */
  held = 0;
  /** Messages that were settled. */
  settled = 0;

  constructor(
    /** `{user}.{rest}` */
    readonly key: string,
    private readonly settler: Settler,
    /** Those who are there from the beginning: an array that grows by `push` has room for 17, and most users have one tab. */
    readonly takers: UserTaker[] = [],
  ) {}

  ack(token: number, delivery: Delivery): void {
    this.settle();
    this.settler.ack(token, delivery);
  }

  refuse(token: number): void {
    this.settle();
    this.settler.refuse(token);
  }

  private settle(): void {
    this.held--;
    this.settled++;
  }
}
