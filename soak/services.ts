import { type Channel, type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import { ANSWERED, TOPICS, type TopicBody, topicKey } from './load/protocol.js';

const TICK_MS = 20;

/** The back end: publishes to topics at a rate, numbered, and answers what clients ask. */
export class Services {
  published = 0;
  answered = 0;
  private readonly numbers: number[] = Array(TOPICS).fill(0);
  private timer: NodeJS.Timeout | undefined;
  private budget = 0;

  private constructor(
    private readonly connection: ChannelModel,
    private readonly channel: Channel,
  ) {}

  static async open(amqpUrl: string): Promise<Services> {
    const connection = await connect(amqpUrl, { noDelay: true });
    // The run's own broker stays up; should it not, everything else says so.
    connection.on('error', () => {});
    const channel = await connection.createChannel();
    const services = new Services(connection, channel);
    const { queue } = await channel.assertQueue('soak.requests', { exclusive: true });
    await channel.bindQueue(queue, 'amq.topic', ANSWERED);
    await channel.consume(queue, (message) => message && services.answer(message), { noAck: true });
    return services;
  }

  /** Publishes so many messages per second from now on, or none. */
  publishAt(rate: number): void {
    clearInterval(this.timer);
    this.budget = 0;
    if (rate === 0) return;
    this.timer = setInterval(() => {
      // What a busy machine made late is not made up for in one burst.
      this.budget = Math.min(this.budget + (rate * TICK_MS) / 1000, rate);
      for (; this.budget >= 1; this.budget--) this.publish();
    }, TICK_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.connection.close().catch(() => {});
  }

  private publish(): void {
    const topic = this.published++ % TOPICS;
    const number = (this.numbers[topic] ?? 0) + 1;
    this.numbers[topic] = number;
    const body: TopicBody = { topic, number };
    this.channel.publish('amq.topic', topicKey(topic), Buffer.from(JSON.stringify(body)));
  }

  private answer({ properties }: ConsumeMessage): void {
    const queue: unknown = properties.replyTo;
    if (typeof queue !== 'string') return;
    this.answered++;
    this.channel.publish('', queue, Buffer.from('answer'), { correlationId: properties.correlationId });
  }
}
