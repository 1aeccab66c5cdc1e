import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect, type Options } from 'amqplib';
import { userWord } from '../../src/destination.js';
import { broker } from './broker.js';
import { waitFor } from './wait.js';

/** The bytes of a body, whatever a test writes. */
export type Body = string | Buffer;

/** A copy of what passes an exchange, in a queue of its own that ends with the connection. */
export class Tap {
  readonly messages: ConsumeMessage[] = [];

  bodies(): string[] {
    return this.messages.map(({ content }) => content.toString());
  }

  /** Waits for the message with this body. */
  message(body: string): Promise<ConsumeMessage> {
    return waitFor(() => this.messages.find(({ content }) => content.toString() === body), {
      what: () => `the message ${JSON.stringify(body)}; have ${JSON.stringify(this.bodies())}`,
    });
  }
}

/** A back-end service: plain AMQP, with publisher confirms. */
export class Service {
  private constructor(
    private readonly connection: ChannelModel,
    readonly channel: ConfirmChannel,
  ) {}

  /** @param amqpUrl the broker of this file unless it names another. */
  static async open(amqpUrl = broker().amqpUrl): Promise<Service> {
    const connection = await connect(amqpUrl, { noDelay: true });
    return new Service(connection, await connection.createConfirmChannel());
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  /** Publishes and waits for the broker's confirm. */
  async publish(exchange: string, key: string, body: Body, options: Options.Publish = {}): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.channel.publish(exchange, key, Buffer.from(body), options, (error: unknown) =>
        error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(),
      );
    });
  }

  /** To one user, as PROTOCOL.md says: exchange relay.user, key `{user}.{rest}`. */
  toUser(user: string, rest: string, body: Body, options?: Options.Publish): Promise<void> {
    return this.publish('relay.user', `${userWord(user)}.${rest}`, body, options);
  }

  toTopic(key: string, body: Body, options?: Options.Publish): Promise<void> {
    return this.publish('amq.topic', key, body, options);
  }

  /** Publishes without waiting, for many messages in order; `settled()` waits for all of them. */
  post(exchange: string, key: string, body: Body, options: Options.Publish = {}): void {
    this.channel.publish(exchange, key, Buffer.from(body), options);
  }

  /** Publishes these bodies to one user, in order, and waits for all confirms. */
  async allToUser(user: string, rest: string, bodies: readonly Body[]): Promise<void> {
    const key = `${userWord(user)}.${rest}`;
    // Kept by the broker's disk, as a service does with what may not be lost.
    for (const body of bodies) this.post('relay.user', key, body, { persistent: true });
    await this.settled();
  }

  settled(): Promise<void> {
    return this.channel.waitForConfirms();
  }

  async tap(exchange: string, pattern: string): Promise<Tap> {
    const tap = new Tap();
    const { queue } = await this.channel.assertQueue('', { exclusive: true });
    await this.channel.bindQueue(queue, exchange, pattern);
    await this.channel.consume(
      queue,
      (message) => {
        if (message) tap.messages.push(message);
      },
      { noAck: true },
    );
    return tap;
  }

  /** What becomes unread for one user. */
  tapUnread(user: string): Promise<Tap> {
    return this.tap('relay.unread', `${userWord(user)}.#`);
  }
}
