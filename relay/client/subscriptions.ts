import { deferred } from './deferred.js';
import { RelayError } from './errors.js';
import type { Link } from './link.js';
import { Mailbox, type MailSource } from './mailbox.js';
import { Merge } from './merge.js';
import { liveMessage } from './message.js';
import { guard } from './observable.js';
import type { RelayMessage, RelaySubscription, SubscribeOptions } from './types.js';

/** What is under `/user/relay.` is the relay's own, and is only shown. */
const KEEPS_MAIL = /^\/user\/(?!relay(\.|\/|$))/;

type Handler = (message: RelayMessage) => void;
interface Taker {
  readonly onMessage: Handler;
  readonly onEnded: ((error: Error) => void) | undefined;
}

/** One STOMP subscription, for all who asked for the same. */
class Channel {
  readonly takers = new Set<Taker>();
  readonly ready = deferred();
  readonly merge = new Merge((message) => {
    for (const { onMessage } of [...this.takers]) guard(onMessage, message);
  });
  readonly mailbox: Mailbox | undefined;
  /** Names the SUBSCRIBE in an ERROR. */
  receipt: string | undefined;
  private wasReady = false;

  constructor(
    readonly key: string,
    readonly id: string,
    readonly destination: string,
    readonly headers: Readonly<Record<string, string>>,
    source: MailSource | undefined,
    private readonly onMade?: () => void,
  ) {
    this.mailbox = source && new Mailbox(destination, this.merge, source);
  }

  start(link: Link): void {
    const { id, destination, headers, mailbox } = this;
    mailbox?.begin();
    this.receipt = link.subscribe(
      destination,
      { ...headers, id },
      (frame) => this.merge.live(liveMessage(destination, frame)),
      () => {
        this.receipt = undefined;
        mailbox?.subscribed();
        this.wasReady = true;
        this.ready.resolve();
        this.onMade?.();
      },
    );
  }

  /** The relay will have none of it. */
  lose(error: RelayError): void {
    this.mailbox?.end();
    this.ready.reject(error);
    const takers = [...this.takers];
    this.takers.clear();
    if (!this.wasReady) return;
    for (const { onEnded } of takers) if (onEnded) guard(onEnded, error);
  }
}

/** What the application is subscribed to, whatever becomes of the connection. */
export class Subscriptions {
  private readonly channels = new Map<string, Channel>();
  private link: Link | undefined;
  private ordinal = 0;
  /** Receipts of SUBSCRIBEs that nobody wants any more, but the relay may still refuse. */
  private readonly forsaken = new Set<string>();

  /** @param onMailbox is told when the first mailbox is there, and how many unread messages they have is worth knowing */
  constructor(
    private readonly source: MailSource,
    private readonly onMailbox: () => void = () => {},
  ) {}

  /**
   * @param own makes it the client's own, which is no one else's; told whenever it has been made
   * @throws TypeError for what the client cannot do
   */
  add(
    destination: string,
    onMessage: Handler,
    options: SubscribeOptions = {},
    own?: () => void,
  ): RelaySubscription {
    const { headers = {}, onEnded } = options;
    if ((headers.ack ?? 'auto') !== 'auto') {
      throw new TypeError('messages are acknowledged by themselves here; use stompjs for ack:client');
    }
    const unread = KEEPS_MAIL.test(destination) ? (options.unread ?? 'pull') : 'none';
    const key = JSON.stringify([own !== undefined, destination, unread, Object.entries(headers).sort()]);
    let channel = this.channels.get(key);
    const isNew = channel === undefined;
    channel ??= new Channel(
      key,
      headers.id ?? `s${++this.ordinal}`,
      destination,
      unread === 'replay' ? { ...headers, unread } : headers,
      unread === 'pull' ? this.source : undefined,
      own,
    );
    const taker = { onMessage, onEnded };
    channel.takers.add(taker);
    if (isNew) this.begin(channel);
    const { ready } = channel;
    return { ready: ready.promise, unsubscribe: () => this.remove(channel, taker) };
  }

  up(link: Link): void {
    this.link = link;
    this.forsaken.clear();
    for (const channel of this.channels.values()) channel.start(link);
  }

  down(): void {
    this.link = undefined;
    for (const { mailbox } of this.channels.values()) mailbox?.down();
  }

  /** True when the ERROR is about a SUBSCRIBE; it is not made again. */
  refused(receipt: string, error: RelayError): boolean {
    for (const channel of this.channels.values()) {
      if (channel.receipt !== receipt) continue;
      this.lose(channel, error);
      return true;
    }
    return this.forsaken.has(receipt);
  }

  /** The relay has ended these by itself. */
  ended(ids: readonly string[], error: RelayError): void {
    for (const channel of [...this.channels.values()]) {
      if (ids.includes(channel.id)) this.lose(channel, error);
    }
  }

  /** How many unread messages one mailbox has. */
  count(name: string, count: number): void {
    for (const { mailbox } of this.channels.values()) if (mailbox?.name === name) mailbox.count(count);
  }

  /** What waited for unread mail does not wait for ever. */
  over(): void {
    for (const { mailbox } of this.channels.values()) mailbox?.end();
  }

  private begin(channel: Channel): void {
    this.channels.set(channel.key, channel);
    if (channel.mailbox) this.onMailbox();
    if (this.link?.isOpen) channel.start(this.link);
  }

  private remove(channel: Channel, taker: Taker): void {
    if (!channel.takers.delete(taker) || channel.takers.size > 0) return;
    // A refused one is gone already, and its key may be another's.
    if (this.channels.get(channel.key) !== channel) return;
    this.channels.delete(channel.key);
    if (channel.receipt !== undefined) this.forsaken.add(channel.receipt);
    channel.mailbox?.end();
    channel.ready.reject(new RelayError('ERR_UNSUBSCRIBED', `${channel.destination} was unsubscribed`));
    if (this.link?.isOpen) this.link.unsubscribe(channel.id);
  }

  private lose(channel: Channel, error: RelayError): void {
    this.channels.delete(channel.key);
    channel.lose(error);
  }
}
