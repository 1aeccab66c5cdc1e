/** How to tell the broker of deliveries that were confirmed. */
export interface Acknowledgement {
  /** One acknowledgement up to this delivery tag covers all below it; 0 for none. */
  upTo: number;
  /** The others, one by one. */
  single: number[];
}

/**
 * Which deliveries of a channel are settled, from its first on.
 *
 * AMQP's `multiple` acknowledges everything up to a tag that was not settled before. To the quorum queue that is one entry of
 * its log instead of one for each message; but a single delivery in between that nobody has confirmed would be lost by it.
 */
export class Settlements {
  /** Everything up to this tag is settled. Tags count from 1 (AMQP 0-9-1, delivery-tag). */
  private floor = 0;
  /** Settled, but behind something that is not. */
  private readonly above = new Set<number>();

  /**
   * Notes what was settled since the last time. The refused ones must have been told to the broker before the
   * acknowledgement is sent, or it could cover them.
   */
  settle(acked: readonly number[], refused: readonly number[]): Acknowledgement {
    for (const tag of refused) this.above.add(tag);
    for (const tag of acked) this.above.add(tag);
    while (this.above.delete(this.floor + 1)) this.floor++;
    let upTo = 0;
    const single: number[] = [];
    for (const tag of acked) {
      if (tag > this.floor) single.push(tag);
      else if (tag > upTo) upTo = tag;
    }
    return { upTo, single };
  }
}
