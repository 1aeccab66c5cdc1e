/** Where a settled delivery is reported: the link that it came over. */
export interface Settler {
  ack(token: string): void;
  /** Gives the message up: dead-lettered, thus unread. */
  refuse(token: string): void;
}

/**
 * One `/user` message on its way: acknowledged upstream as soon as one of its takers has confirmed it,
 * refused (and thus unread) once every taker is gone without having done so.
 */
export class Delivery {
  private settled = false;

  constructor(
    private readonly settler: Settler,
    /** The broker's `ack` header; valid on the connection that it came over only. */
    private readonly token: string,
    private takers: number,
  ) {}

  confirm(): void {
    if (this.settled) return;
    this.settled = true;
    this.settler.ack(this.token);
  }

  /** One taker cannot confirm any more. */
  release(): void {
    if (--this.takers > 0 || this.settled) return;
    this.settled = true;
    this.settler.refuse(this.token);
  }
}
