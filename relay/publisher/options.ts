import type { ConnectionOptions } from 'node:tls';
import { topicAddress } from './destination.js';
import { PublishError } from './errors.js';

export interface PublisherOptions {
  /** `amqps://user:password@host/vhost`; several for a cluster, tried in turn. */
  readonly url: string | readonly string[];
  /** Of the service: the connection's name at the broker, and the sender in envelopes. Default `publisher`. */
  readonly name?: string;
  /** Seconds between heart-beats; a broker that is silent twice as long is taken for gone. Default 10. */
  readonly heartbeat?: number;
  /** For `amqps:`. The broker's certificate is always checked. */
  readonly tls?: TlsOptions;
  /** What may wait for the broker in memory. Default 10,000 messages, 64 MiB of bodies. */
  readonly maxBuffered?: Limits;
  /**
   * What a call does when that is full: `wait` for its turn (default), which is backpressure for callers that await,
   * or `reject` with ERR_BUFFER_FULL.
   */
  readonly whenFull?: 'wait' | 'reject';
  /** Messages that may be on the wire without a confirm, for users, topics and replies each. Default 1,000. */
  readonly maxUnconfirmed?: number;
  /** Bytes of the largest body. Default 1 MiB, as for clients. */
  readonly maxMessageBytes?: number;
  /** Milliseconds that a call may take, for calls that do not say. Default none; replies 30,000. */
  readonly timeout?: number;
  /**
   * Milliseconds after which what the broker has not confirmed is sent again. A quorum queue without a leader confirms nothing,
   * and later messages may take another way. Default 30,000.
   */
  readonly confirmTimeout?: number;
  /** Milliseconds between attempts to reach the broker: doubling from `first` to `most`. Default 100 and 5,000. */
  readonly retry?: { readonly first?: number; readonly most?: number };
  /** The topic of `toAll`, to which clients subscribe by convention. Default `/topic/all`. */
  readonly allTopic?: string;
  /**
   * Headers of the current trace, asked for with every call: `() => { const h = {}; propagation.inject(context.active(), h); return h; }`
   * with OpenTelemetry.
   */
  readonly trace?: () => Readonly<Record<string, string>>;
  /** Keeps what was accepted on disk until the broker has confirmed it. Needs the package `libsql`. */
  readonly outbox?: OutboxOptions;
  /**
   * Told of a message that the broker refuses for good after its call has been answered (`until: 'accepted'`). It stays in the
   * outbox and is tried again when that is opened the next time.
   */
  readonly onRefused?: (error: PublishError, messageId: string) => void;
}

export interface Limits {
  readonly messages?: number;
  readonly bytes?: number;
}

export interface OutboxOptions extends Limits {
  /** A file of this process alone, made where it is not there. Default limits: 1,000,000 messages, 1 GiB. */
  readonly path: string;
}

export type TlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername'>;

/** Of one call. */
export interface PublishOptions {
  /**
   * By which readers tell a message that comes twice (`amqp-message-id` in STOMP). Default a random UUID; one that follows from
   * the event (`order-17-shipped`) also covers a service that publishes it again after a crash. At most 255 bytes.
   */
  readonly messageId?: string;
  /** The application's own headers. */
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly correlationId?: string;
  /** Where the reader is to answer: the name of a queue, or a destination. */
  readonly replyTo?: string;
  readonly type?: string;
  /** 0 to 255. */
  readonly priority?: number;
  /** Milliseconds after which nobody wants it any more, on the way or unread. Time in the buffer counts. */
  readonly expiration?: number;
  /** It is worthless when the user is not there (typing, ticks): not kept as unread mail. */
  readonly drop?: boolean;
  /** False: the broker need not keep it on disk. Default true; replies false. */
  readonly persistent?: boolean;
  /** W3C trace context; wins over `trace` of the publisher. */
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly baggage?: string;
  /** Milliseconds after which the call rejects with ERR_TIMEOUT. What is not on the wire by then is not sent; an outbox keeps it. */
  readonly timeout?: number;
  /** Rejects the call with ERR_ABORTED, otherwise as `timeout`. */
  readonly signal?: AbortSignal;
  /**
   * When the call resolves: `confirmed` by the broker, or `accepted`, which is on the outbox's disk.
   * Default `accepted` with an outbox, `confirmed` without.
   */
  readonly until?: 'accepted' | 'confirmed';
}

export interface Settings {
  readonly urls: readonly string[];
  readonly name: string;
  readonly heartbeat: number;
  readonly tls: TlsOptions;
  readonly buffer: Required<Limits>;
  readonly outbox: (Required<Limits> & { readonly path: string }) | undefined;
  readonly whenFull: 'wait' | 'reject';
  readonly window: number;
  readonly maxMessageBytes: number;
  readonly timeout: number | undefined;
  readonly confirmTimeout: number;
  readonly retry: { readonly first: number; readonly most: number };
  readonly allTopic: string;
  readonly trace: (() => Readonly<Record<string, string>>) | undefined;
  readonly onRefused: (error: PublishError, messageId: string) => void;
}

const MiB = 1024 * 1024;

/** @throws PublishError ERR_OPTIONS naming the option */
export function readOptions(options: PublisherOptions): Settings {
  const { outbox, tls = {}, retry = {} } = options;
  const urls = typeof options.url === 'string' ? [options.url] : [...(options.url ?? [])];
  if (urls.length === 0) throw wrong('url: names no broker');
  const allTopic = options.allTopic ?? '/topic/all';
  topicAddress(allTopic);
  const first = positive('retry.first', retry.first, 100);
  return {
    urls: urls.map(checkUrl),
    name: options.name ?? 'publisher',
    heartbeat: positive('heartbeat', options.heartbeat, 10),
    tls,
    buffer: limits('maxBuffered', options.maxBuffered, { messages: 10_000, bytes: 64 * MiB }),
    outbox: outbox && {
      path: checkPath(outbox.path),
      ...limits('outbox', outbox, { messages: 1_000_000, bytes: 1024 * MiB }),
    },
    whenFull: options.whenFull ?? 'wait',
    window: positive('maxUnconfirmed', options.maxUnconfirmed, 1000),
    maxMessageBytes: positive('maxMessageBytes', options.maxMessageBytes, MiB),
    timeout: options.timeout === undefined ? undefined : positive('timeout', options.timeout, 0),
    confirmTimeout: positive('confirmTimeout', options.confirmTimeout, 30_000),
    retry: { first, most: Math.max(first, positive('retry.most', retry.most, 5000)) },
    allTopic,
    trace: options.trace,
    onRefused: options.onRefused ?? (() => {}),
  };
}

function limits(name: string, given: Limits | undefined, standard: Required<Limits>): Required<Limits> {
  return {
    messages: positive(`${name}.messages`, given?.messages, standard.messages),
    bytes: positive(`${name}.bytes`, given?.bytes, standard.bytes),
  };
}

export function positive(name: string, value: number | undefined, standard: number): number {
  if (value === undefined) return standard;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw wrong(`${name}: is a whole number of at least 1`);
}

/** Never shows the URL: there is a password in it. */
function checkUrl(url: string): string {
  if (!URL.canParse(url) || !/^amqps?:$/.test(new URL(url).protocol)) {
    throw wrong('url: is like amqp://user:password@host/vhost, or amqps://…');
  }
  return url;
}

function checkPath(path: string): string {
  // SQLite takes these for a database in memory, or one that is gone with the connection.
  if (path === '' || path === ':memory:' || path.startsWith('file:'))
    throw wrong('outbox.path: is the name of a file');
  return path;
}

function wrong(message: string): PublishError {
  return new PublishError('ERR_OPTIONS', message);
}
