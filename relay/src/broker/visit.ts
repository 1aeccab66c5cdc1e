import type { Duplex } from 'node:stream';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { withTimeout } from '../util/timeout.js';
import { openQuietly, Probe, type QueueState } from './probe.js';
import type { BrokerTls } from './tls.js';

export interface VisitOptions {
  readonly tls?: BrokerTls | undefined;
  /** What the broker's operators see. */
  readonly name: string;
  /** Milliseconds that the broker may take over anything. */
  readonly timeout: number;
  /** Who comes, in place of the one in the URL. */
  readonly as?: { readonly login: string; readonly passcode: string };
}

/** What the broker says of itself. */
export interface ServerFacts {
  readonly product: string;
  readonly version: string;
  /** Such as `Erlang/OTP 25.2.3`. */
  readonly platform: string;
  readonly channelMax: number;
  readonly frameMax: number;
}

/** The broker does not take messages now; the message says what it is short of. */
export class BlockedError extends Error {}

/** Waits for one message, for so many milliseconds. */
export interface Listener {
  next(patience: number): Promise<Buffer>;
}

/** A queue keeps a message with this only if somebody takes it at once (RabbitMQ, Time-To-Live). */
const AT_ONCE = '0';

/**
 * A connection that looks at the broker and tries things out, and leaves nothing behind: its queues are exclusive, so they end
 * with it, and it declares nothing else.
 */
export class Visit {
  private readonly probe: Probe;
  /** Rejects when the broker says that it takes no messages. */
  private readonly shortage: Promise<never>;
  private short = false;

  private constructor(
    private readonly connection: ChannelModel,
    private readonly timeout: number,
  ) {
    this.probe = new Probe(connection);
    connection.on('error', () => {});
    this.shortage = new Promise((_, reject) => {
      connection.once('blocked', (reason: string) => {
        this.short = true;
        reject(new BlockedError(reason));
      });
    });
    this.shortage.catch(() => {});
  }

  /** @throws what amqplib or the socket says; see `tlsFault`. */
  static async open(url: string, { tls, name, timeout, as }: VisitOptions): Promise<Visit> {
    const address = new URL(url);
    if (as) {
      address.username = encodeURIComponent(as.login);
      address.password = encodeURIComponent(as.passcode);
    }
    const options = { clientProperties: { connection_name: name }, timeout, noDelay: true, ...tls };
    return new Visit(await connect(address.href, options), timeout);
  }

  get server(): ServerFacts {
    const { serverProperties, channelMax, frameMax } = this.connection.connection as unknown as {
      serverProperties: Record<string, unknown>;
      channelMax: number;
      frameMax: number;
    };
    const { product, version, platform } = serverProperties;
    return {
      product: String(product),
      version: String(version),
      platform: String(platform),
      channelMax,
      frameMax,
    };
  }

  /** As the broker has it at this moment; undefined when there is no such queue. */
  queue(name: string): Promise<QueueState | undefined> {
    return this.inTime(this.probe.look(name), `queue ${name}`);
  }

  async hasExchange(name: string): Promise<boolean> {
    const refusal = await this.attempt(async (channel) => {
      await channel.checkExchange(name);
    });
    return refusal === undefined;
  }

  /** Declares a queue of its own with this name; the broker's refusal, or undefined. */
  declareRefusal(queue: string): Promise<string | undefined> {
    return this.attempt(async (channel) => {
      await channel.assertQueue(queue, { exclusive: true, durable: false, autoDelete: true });
      await channel.deleteQueue(queue);
    });
  }

  /** Lets a queue of its own hear of this key; the broker's refusal, or undefined. */
  bindRefusal(exchange: string, key: string): Promise<string | undefined> {
    return this.attempt(async (channel) => {
      const { queue } = await channel.assertQueue('', { exclusive: true });
      await channel.bindQueue(queue, exchange, key);
      await channel.deleteQueue(queue);
    });
  }

  /** Publishes with a key that leads nowhere; the broker's refusal, or undefined. Rejects as `publish`. */
  publishRefusal(exchange: string, key: string, body = Buffer.alloc(0)): Promise<string | undefined> {
    return this.attempt(async (channel) => {
      channel.publish(exchange, key, body);
      await channel.waitForConfirms();
    });
  }

  /**
   * Publishes what nobody is to keep: the keeper drops it, and where there is none it expires. Resolves once the broker has
   * confirmed it, and rejects with a BlockedError when it takes no messages.
   */
  async publisher(): Promise<(exchange: string, key: string, body: Buffer) => Promise<void>> {
    const channel = await this.inTime(this.openConfirms(), 'a channel');
    const refused = refusalOf(channel);
    return async (exchange, key, body) => {
      const options = { expiration: AT_ONCE, headers: { 'relay-unread': 'drop' } };
      channel.publish(exchange, key, body, options);
      await this.inTime(Promise.race([channel.waitForConfirms(), refused]), 'a publisher confirm');
    };
  }

  /** Listens to a key of an exchange, with a queue of its own. */
  async listen(exchange: string, key: string): Promise<Listener> {
    const channel = await openQuietly(this.connection);
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true });
    await channel.bindQueue(queue, exchange, key);
    let take: (body: Buffer) => void = () => {};
    const first = new Promise<Buffer>((resolve) => {
      take = resolve;
    });
    await channel.consume(queue, (message) => message && take(message.content), { noAck: true });
    return {
      next: (patience) =>
        withTimeout(first, patience, `a message from ${exchange}, though it was confirmed,`),
    };
  }

  /** Ends it at once, whatever still waits for an answer: a broker in an alarm does not even read a farewell. */
  async close(): Promise<void> {
    const { stream } = this.connection.connection as unknown as { stream: Duplex };
    const farewell = this.connection.close().catch(() => {});
    if (!this.short) await withTimeout(farewell, 1000, 'the end').catch(() => {});
    stream.destroy();
  }

  private async openConfirms(): Promise<ConfirmChannel> {
    const channel = await this.connection.createConfirmChannel();
    channel.on('error', () => {});
    return channel;
  }

  /** On a channel of its own, because the broker closes the channel of what it refuses. */
  private async attempt(work: (channel: ConfirmChannel) => Promise<void>): Promise<string | undefined> {
    const channel = await this.inTime(this.openConfirms(), 'a channel');
    const refused = refusalOf(channel);
    try {
      await this.inTime(Promise.race([work(channel), refused]), 'the broker');
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== 'number') throw error;
      return brokerText(error as Error);
    }
    await channel.close();
    return undefined;
  }

  /** A broker in an alarm reads nothing more of a connection that has published, not even for other channels of it. */
  private inTime<T>(work: Promise<T>, what: string): Promise<T> {
    work.catch(() => {});
    return withTimeout(Promise.race([this.shortage, work]), this.timeout, what);
  }
}

/** Rejects with what the broker closes a channel for. */
function refusalOf(channel: ConfirmChannel): Promise<never> {
  const refused = new Promise<never>((_, reject) => channel.once('error', reject));
  refused.catch(() => {});
  return refused;
}

/** The broker's own words in an error of amqplib's. */
export function brokerText({ message }: Error): string {
  return /with message "(.*)"/s.exec(message)?.[1] ?? message;
}
