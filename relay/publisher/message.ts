import { randomUUID } from 'node:crypto';
import { PUBLISHED_AT } from '../src/own-headers.js';
import type { EncodedBody } from './body.js';
import type { Address } from './destination.js';
import { PublishError } from './errors.js';
import { type PublishOptions, positive } from './options.js';

/** A message that is ready to go: checked, so that the broker takes it. */
export interface Message {
  readonly address: Address;
  readonly content: Buffer;
  readonly properties: Properties;
  /** Milliseconds since the epoch, after which it is worth nothing; undefined = never. */
  readonly expiresAt: number | undefined;
}

/** AMQP properties, as amqplib takes them. */
export interface Properties {
  readonly messageId: string;
  readonly contentType: string;
  readonly persistent: boolean;
  readonly timestamp: number;
  readonly headers: Readonly<Record<string, string | number | boolean>>;
  readonly contentEncoding?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly type?: string;
  readonly priority?: number;
}

/** What the publisher adds to a call. */
export interface Defaults {
  readonly maxMessageBytes: number;
  readonly trace: Readonly<Record<string, string>> | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const SHORT_STRING = 255;
/** All headers must fit into one frame of whoever consumes them, as for clients. */
const MAX_HEADERS_BYTES = 64 * 1024;
/** AMQP takes an expiration up to here, about 49 days. */
const MAX_EXPIRATION = 4_294_967_295;
const SHORT_PROPERTIES = ['contentType', 'contentEncoding', 'correlationId', 'replyTo', 'type'] as const;

/**
 * Everything that the broker would answer by closing the channel of all is found here.
 * @throws PublishError ERR_TOO_LARGE, ERR_HEADERS, ERR_OPTIONS
 */
export function compose(
  address: Address,
  body: EncodedBody,
  options: PublishOptions,
  defaults: Defaults,
): Message {
  const { now, maxMessageBytes } = defaults;
  if (body.content.length > maxMessageBytes) {
    throw new PublishError(
      'ERR_TOO_LARGE',
      `the body takes ${body.content.length} bytes: at most ${maxMessageBytes} (maxMessageBytes)`,
    );
  }
  const { messageId = randomUUID(), expiration } = options;
  if (messageId === '') throw wrong('messageId: is empty');
  if (positive('expiration', expiration, 1) > MAX_EXPIRATION)
    throw wrong(`expiration: at most ${MAX_EXPIRATION}`);
  const properties: Properties = {
    messageId: short('messageId', messageId),
    contentType: body.contentType,
    persistent: options.persistent ?? true,
    timestamp: Math.floor(now / 1000),
    headers: readHeaders(options, defaults),
    ...shortProperties(options),
    ...(options.priority !== undefined && { priority: priority(options.priority) }),
  };
  return {
    address,
    content: body.content,
    properties,
    expiresAt: expiration === undefined ? undefined : now + expiration,
  };
}

/** What it costs to hold it. */
export function sizeOf({ content }: Message): number {
  return content.length;
}

function shortProperties(options: PublishOptions): Partial<Properties> {
  const given: Partial<Record<(typeof SHORT_PROPERTIES)[number], string>> = {};
  for (const name of SHORT_PROPERTIES) {
    const value = options[name];
    if (value !== undefined) given[name] = short(name, value);
  }
  return given;
}

function readHeaders(options: PublishOptions, { trace, now }: Defaults): Properties['headers'] {
  const { traceparent, tracestate, baggage } = options;
  const headers: Record<string, string | number | boolean> = {
    ...trace,
    ...options.headers,
    [PUBLISHED_AT]: now,
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
    ...(options.drop && { 'relay-unread': 'drop' }),
  };
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    if (/^b?cc$/i.test(name)) {
      throw badHeader(`the header ${name} has copies made that are never unread: use toUsers`);
    }
    if (
      !['string', 'number', 'boolean'].includes(typeof value) ||
      (typeof value === 'number' && !Number.isFinite(value))
    ) {
      throw badHeader(`the header ${JSON.stringify(name)} is neither text, nor a number, nor a truth value`);
    }
    const length = Buffer.byteLength(name);
    if (length === 0 || length > SHORT_STRING) throw badHeader('the name of a header takes 1 to 255 bytes');
    bytes += length + Buffer.byteLength(String(value));
  }
  if (bytes > MAX_HEADERS_BYTES)
    throw badHeader(`all headers take ${bytes} bytes: at most ${MAX_HEADERS_BYTES}`);
  return headers;
}

function short(name: string, value: string): string {
  if (typeof value !== 'string') throw wrong(`${name}: is no string`);
  const bytes = Buffer.byteLength(value);
  if (bytes > SHORT_STRING) throw wrong(`${name}: takes ${bytes} bytes of UTF-8, at most ${SHORT_STRING}`);
  return value;
}

function priority(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 255) return value;
  throw wrong('priority: is a whole number from 0 to 255');
}

function badHeader(message: string): PublishError {
  return new PublishError('ERR_HEADERS', message);
}

function wrong(message: string): PublishError {
  return new PublishError('ERR_OPTIONS', message);
}
