/** Where a settled delivery is reported. */
export interface Settler {
  ack(token: number, delivery: Delivery): void;
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
    /** When it came, on the clock of `performance.now()`. */
    readonly arrivedAt = 0,
    /** When it was published, in milliseconds since the epoch; 0 when that is not known. */
    readonly publishedAt = 0,
  ) {}

  confirm(): void {
    if (this.settled) return;
    this.settled = true;
    this.settler.ack(this.token, this);
  }

  /** One taker cannot confirm any more. */
  release(): void {
    if (--this.takers > 0 || this.settled) return;
    this.settled = true;
    this.settler.refuse(this.token);
  }
}
