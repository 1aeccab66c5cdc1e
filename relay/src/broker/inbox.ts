import { randomBytes } from 'node:crypto';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { ChangeFeed } from '../unread/changes.js';
import { UnreadError } from '../unread/errors.js';
import { type Alarm, noAlarm } from './alarm.js';
import { names } from './topology.js';

/** What one relay or keeper tells another: a word for the kind, and JSON. */
export type Handler = (body: unknown, reply: (answer: unknown) => void) => void;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: UnreadError): void;
  timer: NodeJS.Timeout;
}

const PREFIX = 'relay.inbox.';
/** The key, on the exchange for changes, of what all relays are told; no user's word has a `*` in it. */
const EVERYBODY = '*';
const ANSWER = 'answer';

/**
 * The queue through which other relays reach this one, and through which it gets its answers. It belongs to one
 * connection and ends with it, just as everything does that others may ask about (leases above all).
 */
export class Inbox implements ChangeFeed {
  /** What names this relay to others, for as long as the connection lasts; '' while there is none. */
  id = '';
  private channel: Channel | undefined;
  private readonly handlers = new Map<string, Handler>();
  private readonly waiting = new Map<string, Waiting>();
  private readonly keys = new Map<string, { count: number; bound: Promise<void> }>();
  private sequence = 0;

  constructor(
    private readonly onBroken: (error: Error) => void,
    private readonly alarm: Alarm = noAlarm,
  ) {}

  /** Has messages of this kind handled. */
  on(type: string, handler: Handler): void {
    this.handlers.set(type, handler);
  }

  /** Runs on every connection. */
  async open(connection: ChannelModel): Promise<void> {
    const channel = await connection.createChannel();
    const id = randomBytes(9).toString('base64url');
    const lost = () => {
      if (this.channel === channel) this.forget();
    };
    channel.on('close', lost);
    channel.on('error', (error: Error) => {
      lost();
      this.onBroken(error);
    });
    channel.on('return', ({ properties }) => {
      this.settle(properties.correlationId, (waiting) => waiting.reject(nobody()));
    });
    const queue = PREFIX + id;
    await channel.assertQueue(queue, { exclusive: true, durable: false, autoDelete: true });
    // Before the bindings are made again, so that one that is wanted meanwhile is not left out.
    this.id = id;
    this.channel = channel;
    await channel.bindQueue(queue, names.changed, EVERYBODY);
    for (const key of this.keys.keys()) await this.bind(key);
    await channel.consume(queue, (message) => message && this.receive(message), { noAck: true });
  }

  /** Tells something to whoever is bound to `key`, if anybody is. Dropped while the broker is away. */
  tell(exchange: string, key: string, type: string, body: unknown): void {
    try {
      this.channel?.publish(exchange, key, encode(body), { type });
    } catch {
      // The channel is being closed: as good as away.
    }
  }

  /** Tells it to all relays, this one too. */
  tellAll(type: string, body: unknown): void {
    this.tell(names.changed, EVERYBODY, type, body);
  }

  /**
   * Asks the queue `key`, or whoever is bound to it, and resolves with the first answer.
   * @throws UnreadError ERR_NOBODY_THERE when there is no such queue; ERR_BROKER_UNAVAILABLE without an answer in time
   *   (milliseconds) or without a broker.
   */
  ask(exchange: string, key: string, type: string, body: unknown, timeout = 5000): Promise<unknown> {
    const { channel, id } = this;
    // In an alarm nobody would be asked before it ends.
    if (!channel || this.alarm.congested) return Promise.reject(unavailable());
    const correlationId = String(++this.sequence);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.settle(correlationId, (waiting) => waiting.reject(unavailable()));
      }, timeout);
      this.waiting.set(correlationId, { resolve, reject, timer });
      // Nobody waits for the answer any longer then.
      const expiration = String(timeout);
      const options = { type, correlationId, replyTo: PREFIX + id, mandatory: true, expiration };
      try {
        channel.publish(exchange, key, encode(body), options);
      } catch {
        // The channel is being closed.
        this.settle(correlationId, (waiting) => waiting.reject(unavailable()));
      }
    });
  }

  /** Asks another relay by the `id` of its inbox. */
  askRelay(id: string, type: string, body: unknown): Promise<unknown> {
    return this.ask('', PREFIX + id, type, body);
  }

  /** Gets what is told about `key` from now on, until it was unfollowed as often. */
  follow(key: string): Promise<void> {
    const followed = this.keys.get(key);
    if (followed) {
      followed.count++;
      return followed.bound;
    }
    const bound = this.bind(key);
    this.keys.set(key, { count: 1, bound });
    return bound;
  }

  unfollow(key: string): void {
    const followed = this.keys.get(key);
    if (!followed || --followed.count > 0) return;
    this.keys.delete(key);
    // The connection was lost, and the binding with it.
    this.channel?.unbindQueue(PREFIX + this.id, names.changed, key).catch(() => {});
  }

  private async bind(key: string): Promise<void> {
    await this.channel?.bindQueue(PREFIX + this.id, names.changed, key);
  }

  announce(userWord: string, rests: string[]): void {
    this.tell(names.changed, userWord, 'changed', { userWord, rests });
  }

  private receive({ properties, content }: ConsumeMessage): void {
    const body = decode(content);
    const { type, correlationId, replyTo } = properties;
    if (type === ANSWER) {
      this.settle(correlationId, (waiting) => waiting.resolve(body));
      return;
    }
    this.handlers.get(type)?.(body, (answer) => {
      if (replyTo) answerTo(this.channel, replyTo, correlationId, answer);
    });
  }

  private settle(correlationId: unknown, how: (waiting: Waiting) => void): void {
    const id = String(correlationId);
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    this.waiting.delete(id);
    clearTimeout(waiting.timer);
    how(waiting);
  }

  private forget(): void {
    this.channel = undefined;
    this.id = '';
    for (const id of [...this.waiting.keys()]) {
      this.settle(id, (waiting) => waiting.reject(unavailable()));
    }
  }
}

/** Answers what was asked by `Inbox.ask`, from any channel. */
export function answerTo(
  channel: Channel | undefined,
  replyTo: string,
  correlationId: unknown,
  answer: unknown,
): void {
  try {
    channel?.publish('', replyTo, encode(answer), { type: ANSWER, correlationId: String(correlationId) });
  } catch {
    // The channel is being closed: whoever asked gives up in time.
  }
}

function encode(body: unknown): Buffer {
  return Buffer.from(JSON.stringify(body ?? null));
}

function decode(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString());
  } catch {
    return undefined;
  }
}

function nobody(): UnreadError {
  return new UnreadError('ERR_NOBODY_THERE', 'the relay that was asked is gone', 410);
}

function unavailable(): UnreadError {
  return new UnreadError('ERR_BROKER_UNAVAILABLE', 'the broker does not answer: try again in a moment', 503);
}
