import { randomUUID } from 'node:crypto';
import { type ChannelModel, type ConfirmChannel, connect, type Options } from 'amqplib';
import { parseDestination } from '../src/destination.js';
import type { PublishOptions } from './types.js';

/** Where a destination is at the broker. */
export interface Address {
  readonly exchange: string;
  readonly key: string;
}

/**
 * What PROTOCOL.md, Destinations, says of SEND.
 * @throws Error for a destination that is malformed or that services do not publish to
 */
export function addressOf(destination: string): Address {
  const parsed = parseDestination(destination, 'send', '');
  switch (parsed.kind) {
    case 'user':
      return { exchange: 'relay.user', key: parsed.key };
    case 'topic':
      return { exchange: 'amq.topic', key: parsed.key };
    case 'app':
      return { exchange: 'relay.app', key: parsed.key };
    case 'exchange':
      return { exchange: parsed.exchange, key: parsed.key };
    case 'queue':
    case 'amq-queue':
      // The default exchange leads to the queue of that name.
      return { exchange: '', key: parsed.name };
    default:
      throw new Error(`${destination} is nothing to publish to: name a /user/<name>/…, /topic/… or /app/…`);
  }
}

/** A service: one AMQP connection, opened when it is needed, and again after it broke. */
export class Service {
  #connection: ChannelModel | undefined;
  #channel: Promise<ConfirmChannel> | undefined;

  constructor(private readonly amqpUrl: string) {}

  /** Resolves when the broker has confirmed it. */
  async publish(
    destination: string,
    body: string | Uint8Array | object,
    options: PublishOptions = {},
  ): Promise<void> {
    const { exchange, key } = addressOf(destination);
    const { content, contentType: usual } = encode(body);
    const contentType = options.contentType ?? usual;
    const properties: Options.Publish = {
      persistent: options.persistent ?? true,
      messageId: options.messageId ?? randomUUID(),
      timestamp: Math.floor(Date.now() / 1000),
      ...(contentType === undefined ? {} : { contentType }),
      headers: { ...options.headers },
      ...(options.expiration === undefined ? {} : { expiration: options.expiration }),
      ...(options.correlationId === undefined ? {} : { correlationId: options.correlationId }),
    };
    const channel = await this.#open();
    await new Promise<void>((resolve, reject) => {
      channel.publish(exchange, key, content, properties, (error: unknown) =>
        error ? reject(error instanceof Error ? error : new Error(String(error))) : resolve(),
      );
    });
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#channel = undefined;
    // It may have broken a moment ago.
    await connection?.close().catch(() => undefined);
  }

  #open(): Promise<ConfirmChannel> {
    this.#channel ??= this.#connect().catch((error: unknown) => {
      this.#channel = undefined;
      throw error;
    });
    return this.#channel;
  }

  async #connect(): Promise<ConfirmChannel> {
    const connection = await connect(this.amqpUrl, { noDelay: true });
    const forget = () => {
      if (this.#connection !== connection) return;
      this.#connection = undefined;
      this.#channel = undefined;
    };
    // Without a listener an error of the connection would end the test worker.
    connection.on('error', () => {});
    connection.on('close', forget);
    this.#connection = connection;
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => {});
    // An exchange that is not there ends the channel only.
    channel.on('close', () => void connection.close().catch(() => undefined));
    return channel;
  }
}

function encode(body: string | Uint8Array | object): { content: Buffer; contentType: string | undefined } {
  if (typeof body === 'string') return { content: Buffer.from(body), contentType: 'text/plain' };
  if (body instanceof Uint8Array) return { content: Buffer.from(body), contentType: undefined };
  return { content: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
}
