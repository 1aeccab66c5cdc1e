import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { discard } from './connection.js';
import { openQuietly } from './probe.js';

const PREFETCH = 500;

/**
 * Reads what a relay has left in its queue. At first it takes a single message and keeps it, which changes nothing for a relay
 * that is alive after all; `refuseAll` makes everything unread.
 *
 * It has a connection of its own: RabbitMQ ends the one over which a quorum queue without a leader is to be read.
 */
export class Leftovers {
  /** Consumers of the queue that are ours. */
  consumers = 1;
  private refusing = false;
  private held: ConsumeMessage | undefined;

  /** The connection was lost: what was held or not refused yet is back in the queue. */
  over = false;

  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
    private readonly queue: string,
  ) {
    channel.once('close', () => {
      this.over = true;
    });
  }

  /**
   * Resolves when the queue itself has answered, so that it has a leader; with a queue that has none, that can be never.
   * @param connection for this alone.
   */
  static async open(connection: ChannelModel, queue: string): Promise<Leftovers> {
    try {
      const leftovers = new Leftovers(connection, await openQuietly(connection), queue);
      await leftovers.consume(1, 'look');
      return leftovers;
    } catch (error) {
      discard(connection);
      throw error;
    }
  }

  /** From now on, everything that is in the queue or comes into it becomes unread, the oldest first. */
  async refuseAll(): Promise<void> {
    if (this.refusing) return;
    this.refusing = true;
    if (this.held) this.refuse(this.held);
    this.held = undefined;
    await this.channel.cancel('look');
    await this.consume(PREFETCH, 'read');
  }

  /** Deletes the queue, whatever is in it. */
  async deleteQueue(): Promise<void> {
    await this.channel.deleteQueue(this.queue);
  }

  /** What is held goes back into the queue. */
  close(): void {
    this.over = true;
    discard(this.connection);
  }

  private async consume(prefetch: number, consumerTag: string): Promise<void> {
    await this.channel.prefetch(prefetch);
    await this.channel.consume(this.queue, (message) => message && this.receive(message), { consumerTag });
  }

  private receive(message: ConsumeMessage): void {
    if (this.refusing) this.refuse(message);
    else this.held = message;
  }

  private refuse(message: ConsumeMessage): void {
    if (!this.over) this.channel.nack(message, false, false);
  }
}
