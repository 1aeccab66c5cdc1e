import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { HeaderList } from '../stomp/frame.js';
import type { Settler } from '../upstream/delivery.js';
import { stompHeaders } from './message-headers.js';
import { openQuietly } from './probe.js';
import { Settlements } from './settlements.js';
import { nodeQueueName } from './topology.js';

/** A message for one user, as the node queue gives it out. */
export interface UserMessage {
  /** `{user}.{rest}` */
  key: string;
  headers: HeaderList;
  body: Buffer;
  /** Names the delivery to `ack` and `refuse`. */
  token: number;
}

export interface NodeQueueEvents {
  onMessage(message: UserMessage): void;
  /** The consumer or its channel has ended although the connection has not: all of it is to be made anew. */
  onBroken(error: Error): void;
}

/**
 * How long acknowledgements are gathered, in milliseconds. Each burst costs the quorum queue one sync of its log, for
 * which new messages have to wait as well.
 */
const GATHER_MS = 20;

/** Tells tokens of one consumer from those of an earlier one; above every delivery tag that is ever reached. */
const GENERATION = 2 ** 40;
/** Generations before they are counted from the start, so that a token stays an exact integer. */
const GENERATIONS = 4096;

/**
 * The consumer of this relay's node queue, with a prefetch; each message is acknowledged once it is confirmed itself.
 *
 * It is AMQP and not one of the Web-STOMP links, because every message for every user passes here: over a link the
 * broker spends some 125 µs of processor time on a message and its acknowledgement, over AMQP 55 µs.
 */
export class NodeQueue implements Settler {
  private channel: Channel | undefined;
  private consumerTag = '';
  private generation = 0;
  private acked: number[] = [];
  private refused: number[] = [];
  private settlements = new Settlements();
  private gathering: NodeJS.Timeout | undefined;
  /** Called when the mark of a leaving relay comes out of the queue. */
  private onMark: (() => void) | undefined;

  constructor(
    private readonly node: { readonly name: string },
    private readonly prefetch: number,
    private readonly events: NodeQueueEvents,
  ) {}

  /** True while messages are being consumed. */
  get up(): boolean {
    return this.channel !== undefined;
  }

  /** Runs on every connection, after the queue was declared. */
  async consume(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    this.generation = (this.generation + 1) % GENERATIONS;
    const base = this.generation * GENERATION;
    const lost = (error: Error): void => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.events.onBroken(error);
    };
    channel.on('error', lost);
    channel.on('close', () => {
      if (this.channel === channel) this.channel = undefined;
    });
    this.acked = [];
    this.refused = [];
    const settlements = new Settlements();
    this.settlements = settlements;
    await channel.prefetch(this.prefetch);
    // Known before the first message comes, which is before the answer to `consume`.
    this.channel = channel;
    const { consumerTag } = await channel.consume(nodeQueueName(this.node.name), (message) => {
      if (!message) {
        lost(new Error('the node queue was deleted'));
        return;
      }
      const { routingKey: key, deliveryTag, exchange } = message.fields;
      // Straight into the queue, which only relays publish.
      if (exchange === '' && this.onMark) {
        channel.ack(message);
        this.onMark();
        return;
      }
      const { content: body } = message;
      settlements.delivered(deliveryTag);
      this.events.onMessage({ key, headers: stompHeaders(message), body, token: base + deliveryTag });
    });
    // Deleted while it was being consumed: whoever made this connection has to begin again.
    if (this.channel !== channel) throw new Error('the consumer of the node queue has ended');
    this.consumerTag = consumerTag;
  }

  ack(token: number): void {
    this.settle(this.acked, token);
  }

  refuse(token: number): void {
    this.settle(this.refused, token);
  }

  /**
   * Resolves when everything was handed out that was in the queue; never, if the broker does not do that.
   * @param mark publishes something into the queue: what was there before comes out before it.
   */
  emptied(mark: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.onMark = resolve;
      mark();
    });
  }

  /** Stops consuming; resolves when the broker has every acknowledgement. */
  async close(): Promise<void> {
    const { channel } = this;
    if (!channel) return;
    // Before the cancel, which the queue answers behind them: what of a burst has not reached it when the channel is
    // closed is dropped (see `acknowledgementsArrived`).
    this.flush();
    await channel.cancel(this.consumerTag);
    this.flush();
    this.channel = undefined;
    await channel.close();
  }

  private settle(list: number[], token: number): void {
    // A token of an earlier connection: the broker has put that message back into the queue by itself.
    if (!this.channel || Math.floor(token / GENERATION) !== this.generation) return;
    list.push(token % GENERATION);
    // A long gathering must not use up what the broker lets be on its way.
    if ((this.acked.length + this.refused.length) * 4 > this.prefetch) this.flush();
    else this.gathering ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  private flush(): void {
    clearTimeout(this.gathering);
    this.gathering = undefined;
    const { acked, refused, channel } = this;
    this.acked = [];
    this.refused = [];
    if (!channel) return;
    const { upTo, single } = this.settlements.settle(acked, refused);
    try {
      // First: an acknowledgement that covers what is below it must find these settled.
      for (const tag of refused) channel.nack(tagged(tag), false, false);
      if (upTo > 0) channel.ack(tagged(upTo), true);
      for (const tag of single) channel.ack(tagged(tag));
    } catch {
      // Our side is closing the connection already; the broker puts back what it did not hear of.
      this.channel = undefined;
    }
  }
}

/** Removes a node queue that was closed, to which nothing leads any more and in which nothing is. */
export async function removeNodeQueue(connection: ChannelModel, queue: string): Promise<void> {
  const channel = await openQuietly(connection);
  await channel.deleteQueue(queue);
  await channel.close();
}

/** All that amqplib looks at of the message that is acknowledged. */
function tagged(deliveryTag: number): ConsumeMessage {
  return { fields: { deliveryTag } } as ConsumeMessage;
}
