import type { Readable } from '../client/observable.js';
import { type Addressing, type Body, type EncodedBody, EnvelopeBody, encodeBody } from './body.js';
import type { Receipt } from './call.js';
import { type Address, topicAddress, userAddress } from './destination.js';
import { PublishError, type UserFailure } from './errors.js';
import { compose, type Message } from './message.js';
import { type PublisherOptions, type PublishOptions, readOptions, type Settings } from './options.js';
import { type Request, replyAddress } from './reply.js';
import { Sender } from './sender.js';
import type { PublisherState } from './state.js';
import { OutboxStore } from './store.js';

/** A reply is for somebody who waits; half a minute later nobody does. */
const REPLY_MS = 30_000;
const CLOSE_MS = 10_000;

/**
 * Opens a publisher. A broker that cannot be reached is tried again in the background, so a service may start before it.
 * @throws PublishError ERR_OPTIONS, ERR_DESTINATION (`allTopic`), ERR_OUTBOX, ERR_OUTBOX_IN_USE; ERR_CONNECT when the broker
 *   refuses the connection and would do so again
 */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const settings = readOptions(options);
  const store = settings.outbox && (await OutboxStore.open(settings.outbox.path));
  const sender = new Sender(settings, store);
  await sender.open();
  return new Publisher(settings, sender);
}

/**
 * Publishes for a service, at least once and in order. Calls may be made in any state; each resolves when the broker has confirmed
 * its message (with an outbox: when it is on disk), and rejects with a `PublishError`. Whoever does not await them has
 * to catch them.
 */
export class Publisher {
  /** @internal Use `openPublisher`. */
  constructor(
    private readonly settings: Settings,
    private readonly sender: Sender,
  ) {}

  /** Where it stands, for health checks and logs. */
  get state(): Readable<PublisherState> {
    return this.sender.state;
  }

  /** What is held: not confirmed yet, or in the outbox. */
  get buffered(): { readonly messages: number; readonly bytes: number } {
    return this.sender.held;
  }

  /** To one user, whom it reaches live or unread. @param destination as clients subscribe, without `/user`: `/topic/reply` */
  async toUser(
    user: string,
    destination: string,
    body: Body,
    options: PublishOptions = {},
  ): Promise<Receipt> {
    const encoded = encodeBody(body, this.addressing('user', user));
    return this.publish(this.compose(userAddress(user, destination), encoded, options), options);
  }

  /**
   * To each of these users, a message of their own; a user who is named twice gets one. All are checked before the first is sent.
   * @throws PublishError ERR_SOME_FAILED with `failures`, when every other one is confirmed
   */
  async toUsers(
    users: Iterable<string>,
    destination: string,
    body: Body,
    options: PublishOptions = {},
  ): Promise<Receipt[]> {
    const names = [...new Set(users)];
    const shared = body instanceof EnvelopeBody ? undefined : encodeBody(body, this.addressing('user', ''));
    const messages = names.map((user) => {
      const encoded = shared ?? encodeBody(body, this.addressing('user', user));
      return this.compose(userAddress(user, destination), encoded, options);
    });
    const results = await Promise.allSettled(messages.map((message) => this.publish(message, options)));
    const receipts: Receipt[] = [];
    const failures: UserFailure[] = [];
    for (const [index, result] of results.entries()) {
      if (result.status === 'fulfilled') receipts.push(result.value);
      else failures.push({ user: names[index] ?? '', error: result.reason });
    }
    if (failures.length === 0) return receipts;
    const message = `${failures.length} of ${names.length} messages were not published`;
    const mayHaveArrived = failures.some(
      ({ error }) => error instanceof PublishError && error.mayHaveArrived,
    );
    throw new PublishError('ERR_SOME_FAILED', message, {
      failures,
      mayHaveArrived,
      cause: failures[0]?.error,
    });
  }

  /** To whoever is subscribed at this moment; at most once from there on. @param destination `/topic/news.sport` */
  async toTopic(destination: string, body: Body, options: PublishOptions = {}): Promise<Receipt> {
    return this.topic('topic', destination, body, options);
  }

  /** To everybody who is there: to the topic `allTopic`, which clients subscribe to. Whoever is away does not get it. */
  async toAll(body: Body, options: PublishOptions = {}): Promise<Receipt> {
    return this.topic('all', this.settings.allTopic, body, options);
  }

  /**
   * Answers a request: to its `reply-to`, with its correlation id. Replies are not kept for those who have gone, and not in the
   * outbox.
   * @throws PublishError ERR_REPLY_TO when there is none, or it leads where the asker may not have anything sent
   */
  async reply(request: Request, body: Body, options: Omit<PublishOptions, 'until'> = {}): Promise<Receipt> {
    const address = replyAddress(request);
    const { correlationId, headers } = request.properties;
    const asker = headers?.['relay-user'];
    const encoded = encodeBody(body, {
      ...this.addressing('user', typeof asker === 'string' ? asker : ''),
      messageType: 'reply',
    });
    const complete = {
      persistent: false,
      timeout: this.settings.timeout ?? REPLY_MS,
      drop: address.exchange === 'relay.user',
      ...(typeof correlationId === 'string' && { correlationId }),
      ...options,
    };
    return this.publish(this.compose(address, encoded, complete), complete, false);
  }

  /** Resolves when a call would be taken without waiting: what a producer awaits that does not await its calls. */
  ready(): Promise<void> {
    return this.sender.room();
  }

  /** Resolves when everything is confirmed, what was in the outbox too. */
  async drained(): Promise<void> {
    await this.sender.drained();
  }

  /**
   * Takes nothing more, waits until everything is confirmed, and ends the connection.
   * @param options.timeout milliseconds that may take, 10,000 by default. What is left then stays in the outbox; without one its
   *   calls reject with ERR_CLOSED.
   */
  close({ timeout = CLOSE_MS }: { readonly timeout?: number } = {}): Promise<void> {
    return this.sender.close(timeout);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async topic(
    sendType: 'topic' | 'all',
    destination: string,
    body: Body,
    options: PublishOptions,
  ): Promise<Receipt> {
    const name = sendType === 'all' ? '' : destination;
    const encoded = encodeBody(body, this.addressing(sendType, name));
    return this.publish(this.compose(topicAddress(destination), encoded, options), options);
  }

  private addressing(sendType: Addressing['sendType'], toUniqueId: string): Addressing {
    return { sendType, messageType: 'notification', fromUniqueId: this.settings.name, toUniqueId };
  }

  private compose(address: Address, body: EncodedBody, options: PublishOptions): Message {
    const { maxMessageBytes, trace } = this.settings;
    return compose(address, body, options, { maxMessageBytes, trace: trace?.(), now: Date.now() });
  }

  /** Async, so that what it throws at once is a rejection like any other. */
  private async publish(message: Message, options: PublishOptions, keep = true): Promise<Receipt> {
    const { until, signal, timeout = this.settings.timeout } = options;
    return this.sender.send(message, { until, signal, timeout, keep });
  }
}
