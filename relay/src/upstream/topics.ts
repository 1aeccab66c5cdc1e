import { OutboundMessage } from '../outbound/message.js';
import type { Outgoing } from '../outbound/outgoing.js';
import { type Frame, header, type StompVersion } from '../stomp/frame.js';
import { type Tracing, tracedTarget } from '../tracing.js';
import { Link, type LinkOptions } from './link.js';
import { Pacer } from './pacer.js';

/** A client's subscription to a topic. */
export interface TopicTaker {
  readonly subscriptionId: string;
  readonly version: StompVersion;
  deliverShared(frame: Outgoing, replyTo: string | undefined): void;
}

/** Takers that see exactly the same bytes: the message is encoded once for all of them. */
interface Group {
  subscription: string;
  version: StompVersion;
  takers: TopicTaker[];
}

interface Feed {
  /** Its subscription id on the link. */
  id: string;
  destination: string;
  groups: Map<string, Group>;
  takers: number;
  /** Resolves once the broker has confirmed the subscription on the present connection. */
  ready: Promise<void>;
  confirmed: boolean;
  confirm: () => void;
}

/** Subscriptions that the broker makes or ends at a time; it takes some 3 ms for each. */
const MOST_CHANGES = 16;

/**
 * The `/topic/…` side of the hub: one broker subscription per destination, however many clients take it.
 *
 * Messages are acknowledged cumulatively once per turn of the event loop, with a prefetch: with `ack:auto` a
 * deep backlog makes the broker's connection collapse to a quarter of its speed.
 */
export class TopicHub {
  private readonly byDestination = new Map<string, Feed>();
  private readonly byId = new Map<string, Feed>();
  private readonly link: Link;
  private readonly changes = new Pacer(MOST_CHANGES);
  /** The newest message that is not acknowledged yet; its ACK will cover all before it. */
  private unacked: string | undefined;
  private sequence = 0;

  constructor(
    options: LinkOptions,
    private readonly prefetch: number,
    /** Is told when a message was published, once it was written for everybody; milliseconds since the epoch, 0 = unknown. */
    private readonly onWritten: (publishedAt: number) => void = () => {},
    private readonly tracing?: Tracing | undefined,
  ) {
    this.link = new Link(options, {
      onUp: () => {
        for (const feed of this.byId.values()) this.establish(feed);
      },
      onFrame: (frame) => this.receive(frame),
      onError: (frame) =>
        options.log.warn({ link: options.name, message: header(frame.headers, 'message') }, 'broker error'),
      onDown: (reason) => {
        this.unacked = undefined;
        this.changes.reset();
        for (const feed of this.byId.values()) if (feed.confirmed) Object.assign(feed, unconfirmed());
        options.log.warn({ link: options.name, reason }, 'link lost');
      },
    });
  }

  get ready(): boolean {
    return this.link.up;
  }

  get state(): Link {
    return this.link;
  }

  get feedCount(): number {
    return this.byId.size;
  }

  open(): void {
    this.link.open();
  }

  close(): Promise<void> {
    return this.link.close();
  }

  /** Resolves when the broker has confirmed the subscription. */
  subscribe(destination: string, taker: TopicTaker): Promise<void> {
    const feed = this.byDestination.get(destination) ?? this.createFeed(destination);
    const key = groupKey(taker);
    const group = feed.groups.get(key);
    if (group) group.takers.push(taker);
    else {
      const { subscriptionId: subscription, version } = taker;
      feed.groups.set(key, { subscription, version, takers: [taker] });
    }
    feed.takers++;
    return feed.ready;
  }

  unsubscribe(destination: string, taker: TopicTaker): void {
    const feed = this.byDestination.get(destination);
    const group = feed?.groups.get(groupKey(taker));
    const at = group?.takers.indexOf(taker) ?? -1;
    if (!feed || !group || at < 0) return;
    const last = group.takers.pop();
    if (last && last !== taker) group.takers[at] = last;
    if (group.takers.length === 0) feed.groups.delete(groupKey(taker));
    if (--feed.takers === 0) this.removeFeed(feed);
  }

  private createFeed(destination: string): Feed {
    const id = `t${++this.sequence}`;
    const feed: Feed = { id, destination, groups: new Map(), takers: 0, ...unconfirmed() };
    this.byDestination.set(destination, feed);
    this.byId.set(id, feed);
    if (this.link.up) this.establish(feed);
    return feed;
  }

  private removeFeed(feed: Feed): void {
    // The broker takes no ACK for a subscription that has ended, and this one's may be the newest.
    this.flushAck();
    this.byDestination.delete(feed.destination);
    this.byId.delete(feed.id);
    const { id } = feed;
    // Not even asked for yet, or not any more since the link was lost: there is nothing to end.
    if (!this.changes.drop(id) && this.link.up) {
      const receipt = `end ${id}`;
      this.changes.add(receipt, () => this.link.send('UNSUBSCRIBE', ['id', id, 'receipt', receipt]));
    }
    // Whoever still waits for the confirmation has given the subscription up itself.
    feed.confirm();
  }

  private establish({ id, destination }: Feed): void {
    this.changes.add(id, () =>
      this.link.send('SUBSCRIBE', [
        ...['id', id, 'destination', destination],
        ...['ack', 'client', 'prefetch-count', String(this.prefetch), 'receipt', id],
      ]),
    );
  }

  private receive(frame: Frame): void {
    if (frame.command === 'RECEIPT') {
      const receipt = header(frame.headers, 'receipt-id') ?? '';
      this.changes.done(receipt);
      const feed = this.byId.get(receipt);
      if (feed) feed.confirmed = true;
      feed?.confirm();
      return;
    }
    if (frame.command !== 'MESSAGE') return;
    const feed = this.byId.get(header(frame.headers, 'subscription') ?? '');
    if (!feed) return;
    this.acknowledge(header(frame.headers, 'ack') ?? '');
    const destination = header(frame.headers, 'destination') ?? feed.destination;
    // One for all takers, who share the bytes.
    const traced = this.tracing?.deliver(frame.headers, tracedTarget(destination, frame.body.length));
    const message = new OutboundMessage(traced?.headers ?? frame.headers, frame.body);
    for (const { subscription, version, takers } of feed.groups.values()) {
      try {
        const encoded = message.encode({ subscription, destination, version });
        for (let i = takers.length - 1; i >= 0; i--) takers[i]?.deliverShared(encoded, message.replyTo);
      } catch (error) {
        // One group's trouble is not the link's, on which everybody else depends.
        this.link.options.log.error({ err: error }, 'a message could not be handed to clients');
      }
    }
    this.onWritten(message.publishedAt);
    traced?.end();
  }

  /**
   * All feeds are consumers on one channel of the broker, where a cumulative ACK covers every message before it,
   * whichever feed it came for – and where a message that is covered already must not be acknowledged again.
   */
  private acknowledge(token: string): void {
    if (this.unacked === undefined) setImmediate(() => this.flushAck());
    this.unacked = token;
  }

  private flushAck(): void {
    if (this.unacked !== undefined && this.link.up) this.link.send('ACK', ['id', this.unacked]);
    this.unacked = undefined;
  }
}

function groupKey(taker: TopicTaker): string {
  return `${taker.version}\n${taker.subscriptionId}`;
}

function unconfirmed(): Pick<Feed, 'ready' | 'confirmed' | 'confirm'> {
  let confirm = () => {};
  const ready = new Promise<void>((resolve) => {
    confirm = resolve;
  });
  return { ready, confirmed: false, confirm };
}
