import type { Delivery } from '../upstream/delivery.js';

/**
 * Deliveries to `ack:auto` subscriptions that were written but are not proved yet, in the order of writing.
 * Two parallel lists used as a queue: this is on the path of every message.
 */
export class Unproven {
  private marks: number[] = [];
  private deliveries: Delivery[] = [];
  private head = 0;

  get size(): number {
    return this.marks.length - this.head;
  }

  /** `mark` is the transport's count of frames after this one was written. */
  add(mark: number, delivery: Delivery): void {
    this.marks.push(mark);
    this.deliveries.push(delivery);
  }

  /** The client has everything up to the `count`-th frame. */
  prove(count: number): void {
    const { marks, deliveries } = this;
    let head = this.head;
    while (head < marks.length && (marks[head] as number) <= count) deliveries[head++]?.confirm();
    if (head === marks.length) {
      this.marks = [];
      this.deliveries = [];
      head = 0;
    } else if (head > 1024) {
      this.marks = marks.slice(head);
      this.deliveries = deliveries.slice(head);
      head = 0;
    }
    this.head = head;
  }

  /** The client is gone. */
  releaseAll(): void {
    for (let i = this.head; i < this.deliveries.length; i++) this.deliveries[i]?.release();
    this.marks = [];
    this.deliveries = [];
    this.head = 0;
  }
}
