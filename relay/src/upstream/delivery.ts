/** Where a settled delivery is reported. */
export interface Settler {
  ack(token: number): void;
  /** Gives the message up: dead-lettered, thus unread. */
  refuse(token: number): void;
}

/**
 * One `/user` message on its way: acknowledged upstream as soon as one of its takers has confirmed it,
 * refused (and thus unread) once every taker is gone without having done so.
 */
export class Delivery {
  private settled = false;

  constructor(
    private readonly settler: Settler,
    /** Valid on the connection that it came over only. */
    private readonly token: number,
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
