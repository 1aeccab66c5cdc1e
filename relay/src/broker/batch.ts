import type { Channel, ConsumeMessage } from 'amqplib';
import type { Settler } from '../upstream/delivery.js';
import { isNotFound } from './probe.js';

/** How a batch of unread messages has ended: how many are still in the mailbox, and how many of the batch went back. */
export interface BatchEnd {
  left: number;
  returned: number;
}

/**
 * Messages taken out of a mailbox, each to be acknowledged or put back. They stand unacknowledged on a channel of
 * their own, so whatever becomes of this process, the broker puts back what was not acknowledged.
 *
 * The first message belongs to a consumer with a prefetch of one, and is settled last: for as long as it is held, that
 * consumer shows the keeper that the mailbox is in use, and is given nothing more.
 */
export class Batch implements Settler {
  /** Resolves once every message is settled and the broker knows it, or the channel is lost. */
  readonly ended: Promise<BatchEnd>;
  private readonly open: Set<number>;
  /** Refused, but not put back yet. */
  private readonly refused = new Set<number>();
  private returned = 0;
  private over = false;
  private result: BatchEnd | undefined;
  private end: (end: BatchEnd) => void = () => {};

  constructor(
    private readonly channel: Channel,
    private readonly queue: string,
    readonly messages: readonly ConsumeMessage[],
    /** How many more were in the mailbox when these were taken. */
    readonly remaining: number,
  ) {
    this.open = new Set(messages.keys());
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    channel.on('error', (error: unknown) => {
      // The mailbox was cleared, with these messages in it.
      if (isNotFound(error)) this.result = { left: 0, returned: this.returned };
    });
    channel.on('close', () => this.lost());
    if (messages.length === 0) this.finish();
  }

  /** Messages that are not settled yet; 0 once the channel is lost. */
  get pending(): number {
    return this.over ? 0 : this.open.size;
  }

  /** `index` counts the messages of the batch from 0. */
  ack(index: number): void {
    this.settle(index, (message) => {
      if (index > 0) this.channel.ack(message);
    });
  }

  /** Puts a message back where it was. */
  refuse(index: number): void {
    this.settle(index, () => {
      this.returned++;
      this.refused.add(index);
    });
  }

  ackAll(): void {
    for (const index of [...this.open]) this.ack(index);
  }

  refuseAll(): void {
    for (const index of [...this.open]) this.refuse(index);
  }

  private settle(index: number, how: (message: ConsumeMessage) => void): void {
    const message = this.messages[index];
    if (!message || this.over || !this.open.delete(index)) return;
    this.attempt(() => {
      how(message);
      if (this.open.size === 0) this.finish();
    });
  }

  private attempt(action: () => void): void {
    try {
      action();
    } catch {
      // The channel is closing, or was closed before we listened: the broker has the messages back.
      this.lost();
    }
  }

  /**
   * Settles the first message, and closes the channel, with which all that was refused goes back in its order: put back
   * one by one, a quorum queue would mix up more than 32. The first one's consumer goes before its acknowledgement,
   * or it would be handed another message for it.
   */
  private finish(): void {
    const [first] = this.messages;
    if (first && !this.refused.has(0)) {
      this.channel.cancel(first.fields.consumerTag).catch(() => {});
      this.channel.ack(first);
    }
    void this.close();
  }

  private async close(): Promise<void> {
    try {
      // Proves that the broker has seen every acknowledgement, too.
      const { messageCount } = await this.channel.checkQueue(this.queue);
      this.result = { left: messageCount + this.refused.size, returned: this.returned };
      await this.channel.close();
    } catch {
      this.lost();
    }
  }

  private lost(): void {
    const { length } = this.messages;
    this.over = true;
    // Whether the broker has seen an acknowledgement before the channel was lost, nobody knows.
    this.end(this.result ?? { left: this.remaining + length, returned: length });
  }
}
