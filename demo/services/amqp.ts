import { setTimeout as delay } from 'node:timers/promises';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { type APP_EXCHANGE, EVENT_EXCHANGE } from './address.js';
import { type Log, reasonOf } from './log.js';
import type { Outgoing } from './messages.js';

/** A durable queue, what is routed into it, and who works on it. */
export interface Subscription {
  readonly queue: string;
  readonly exchange: typeof APP_EXCHANGE | typeof EVENT_EXCHANGE;
  readonly keys: readonly string[];
  /** Milliseconds after which a message that waits is no longer wanted. */
  readonly messageTtl?: number;
  /** The message is acknowledged when this has resolved, and put aside for good when it rejects. */
  readonly handle: (message: ConsumeMessage) => Promise<void>;
}

/** Where messages go that nobody can work on, for people to look at. */
export const DEAD_QUEUE = 'service.dead';
const DEAD_KEPT = 1000;
const DEAD_LIFE_MS = 7 * 24 * 3600_000;
/** Messages that wait for a service that is down; then the oldest go. */
const QUEUE_LENGTH = 10_000;
/** Messages that are worked on at the same time. */
const PREFETCH = 20;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;
const NACKED_RETRY_MS = 500;
/** How long the work in hand may take at the end. */
const PATIENCE_MS = 1500;

interface Link {
  readonly connection: ChannelModel;
  readonly publisher: ConfirmChannel;
}

/** One service's connection to the broker. It comes back by itself, with everything that was consumed, for as long as it takes. */
export class Amqp {
  private link: Link | undefined;
  private closing = false;
  private readonly stop = new AbortController();
  private readonly waiting = new Set<(link: Link | undefined) => void>();
  private readonly working = new Set<Promise<void>>();
  private readonly life: Promise<void>;

  constructor(
    private readonly url: string,
    private readonly name: string,
    private readonly subscriptions: readonly Subscription[],
    private readonly log: Log,
  ) {
    this.life = this.live();
  }

  /** Resolves once everything is consumed; rejects when it is closed first. */
  async ready(): Promise<void> {
    await this.current();
  }

  /**
   * Publishes, and resolves with the broker's confirm; over a broken connection again and again, with the same message id.
   * @throws Error when it is closed before, or the message can never be published
   */
  async publish(message: Outgoing): Promise<void> {
    for (;;) {
      const { publisher } = await this.current();
      const outcome = await confirmed(publisher, message);
      if (outcome === 'confirmed') return;
      // A queue that is full, or a connection that breaks while it is not noticed yet.
      await delay(NACKED_RETRY_MS, undefined, { signal: this.stop.signal }).catch(() => {});
    }
  }

  /** Takes nothing new, finishes what is in hand, and leaves. */
  async close(): Promise<void> {
    this.closing = true;
    const { link } = this;
    if (link !== undefined) await this.finish(link);
    this.stop.abort();
    this.lose();
    for (const resolve of this.waiting) resolve(undefined);
    await this.life;
  }

  private async finish({ connection }: Link): Promise<void> {
    const bell = new AbortController();
    const patience = delay(PATIENCE_MS, undefined, { signal: bell.signal }).catch(() => {});
    await Promise.race([Promise.allSettled([...this.working]), patience]);
    await Promise.race([connection.close().catch(() => {}), patience]);
    bell.abort();
  }

  private async live(): Promise<void> {
    let said = '';
    for (let attempt = 0; !this.closing; attempt += 1) {
      let reason = 'the connection is gone';
      try {
        await this.serve();
        attempt = 0;
        said = '';
      } catch (error) {
        reason = reasonOf(error);
      }
      if (this.closing) return;
      // Not again with every attempt.
      if (reason !== said) this.log.warn('no connection to the broker', { reason });
      said = reason;
      const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));
      await delay(longest * (0.5 + Math.random() / 2), undefined, { signal: this.stop.signal }).catch(
        () => {},
      );
    }
  }

  /** One connection, until it ends; rejects when it cannot be made. */
  private async serve(): Promise<void> {
    const url = new URL(this.url);
    url.searchParams.set('heartbeat', '10');
    const connection = await connect(url.href, {
      timeout: 10_000,
      noDelay: true,
      clientProperties: { connection_name: `demo ${this.name}` },
    });
    const gone = new Promise<void>((resolve) => connection.once('close', () => resolve()));
    connection.on('error', () => {});
    void gone.then(() => this.lose());
    try {
      const publisher = await this.channel(connection);
      await publisher.assertExchange(EVENT_EXCHANGE, 'topic', { durable: true });
      for (const subscription of this.subscriptions) await this.consume(connection, subscription);
      if (this.closing) throw new Error('closed');
      this.link = { connection, publisher };
      for (const resolve of this.waiting) resolve(this.link);
      this.waiting.clear();
      this.log.info('connected to the broker');
    } catch (error) {
      // One that breaks while it is set up has nobody left to say goodbye to.
      await Promise.race([connection.close().catch(() => {}), gone]);
      throw error;
    }
    await gone;
  }

  /** A channel that is lost alone takes the connection along: there is one way to come back. */
  private async channel(connection: ChannelModel): Promise<ConfirmChannel> {
    const channel = await connection.createConfirmChannel();
    channel.on('error', (error) => this.log.warn('a channel was closed', { reason: reasonOf(error) }));
    channel.on('close', () => void connection.close().catch(() => {}));
    return channel;
  }

  private async consume(connection: ChannelModel, subscription: Subscription): Promise<void> {
    const { queue, exchange, keys, messageTtl } = subscription;
    const channel = await this.channel(connection);
    await channel.assertQueue(DEAD_QUEUE, {
      durable: true,
      maxLength: DEAD_KEPT,
      messageTtl: DEAD_LIFE_MS,
    });
    await channel.assertQueue(queue, {
      durable: true,
      maxLength: QUEUE_LENGTH,
      deadLetterExchange: '',
      deadLetterRoutingKey: DEAD_QUEUE,
      ...(messageTtl === undefined ? {} : { messageTtl }),
    });
    for (const key of keys) await channel.bindQueue(queue, exchange, key);
    await channel.prefetch(PREFETCH);
    await channel.consume(queue, (message) => {
      // Somebody has deleted the queue: it is made again with the next connection.
      if (message === null) void connection.close().catch(() => {});
      else if (!this.closing) this.work(channel, subscription, message);
    });
  }

  private work(channel: ConfirmChannel, subscription: Subscription, message: ConsumeMessage): void {
    const work = subscription.handle(message).then(
      () => settle(() => channel.ack(message)),
      (error: unknown) => {
        // While it ends, the broker gives the message to the next one.
        if (this.closing) return;
        this.log.warn('a message was put aside', {
          queue: subscription.queue,
          key: message.fields.routingKey,
          reason: reasonOf(error),
        });
        settle(() => channel.nack(message, false, false));
      },
    );
    this.working.add(work);
    void work.finally(() => this.working.delete(work));
  }

  private async current(): Promise<Link> {
    if (this.link !== undefined) return this.link;
    if (this.closing) throw new Error('the service has ended');
    const link = await new Promise<Link | undefined>((resolve) => this.waiting.add(resolve));
    if (link === undefined) throw new Error('the service has ended');
    return link;
  }

  private lose(): void {
    this.link = undefined;
  }
}

/** A channel that was closed meanwhile acknowledges nothing: the broker delivers the message again. */
function settle(acknowledge: () => void): void {
  try {
    acknowledge();
  } catch {
    // See above.
  }
}

/** @throws Error when the message itself is wrong, so that trying again is no use */
function confirmed(channel: ConfirmChannel, message: Outgoing): Promise<'confirmed' | 'lost'> {
  const { exchange, key, body, options } = message;
  return new Promise((resolve, reject) => {
    try {
      channel.publish(exchange, key, Buffer.from(body), options, (error: unknown) =>
        resolve(error ? 'lost' : 'confirmed'),
      );
    } catch (error) {
      if (error instanceof Error && error.name === 'IllegalOperationError') resolve('lost');
      else reject(error);
    }
  });
}
