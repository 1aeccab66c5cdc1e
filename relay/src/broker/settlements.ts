/** How to tell the broker of deliveries that were confirmed. */
export interface Acknowledgement {
  /** One acknowledgement up to this delivery tag covers all below it; 0 for none. */
  upTo: number;
  /** The others, one by one. */
  single: number[];
}

/**
 * Which deliveries of a channel are not settled yet.
 *
 * AMQP's `multiple` acknowledges everything up to a tag that was not settled before. To the quorum queue that is one entry of
 * its log instead of one for each message; but a single delivery in between that nobody has confirmed would be lost by it.
 */
export class Settlements {
  /** In the order of their tags, which is that of delivery; never more than the prefetch. */
  private readonly open = new Set<number>();

  /** To be told of every delivery, as it comes. */
  delivered(tag: number): void {
    this.open.add(tag);
  }

  /**
   * Notes what was settled since the last time. The refused ones must have been told to the broker before the
   * acknowledgement is sent, or it could cover them.
   */
  settle(acked: readonly number[], refused: readonly number[]): Acknowledgement {
    for (const tag of refused) this.open.delete(tag);
    for (const tag of acked) this.open.delete(tag);
    const [lowest = Number.POSITIVE_INFINITY] = this.open;
    let upTo = 0;
    const single: number[] = [];
    for (const tag of acked) {
      if (tag > lowest) single.push(tag);
      else if (tag > upTo) upTo = tag;
    }
    return { upTo, single };
  }
}
