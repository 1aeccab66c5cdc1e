import type { Destination } from '../destination.js';
import type { Outgoing } from '../outbound/outgoing.js';
import type { Slow } from '../policy/slow.js';
import type { HeaderList, StompVersion } from '../stomp/frame.js';
import { Lane } from '../transport/lane.js';
import type { TopicTaker } from '../upstream/topics.js';
import type { Session } from './session.js';

export type AckMode = 'auto' | 'client' | 'client-individual';

/** What the policy was asked for a subscription, and will be asked again when the client has other claims. */
export interface Asked {
  readonly destination: Destination;
  /** The queue-shaping headers that the client wrote. */
  readonly shaping: HeaderList;
}

/** What serves it: the user's mail, a shared feed, the client's private link, or the relay itself. */
export type SubscriptionKind = 'user' | 'topic' | 'private' | 'notice';

/** One SUBSCRIBE of a client, of whichever kind. */
export interface Subscription {
  readonly kind: SubscriptionKind;
  readonly asked: Asked;
  /** Takes nothing more that has to be confirmed; what the client was handed is still to be settled. */
  stop?(): void;
  /** Ends it upstream. Called once, on UNSUBSCRIBE or when the session ends. */
  end(): void;
}

/** An automatic-acknowledgement subscription to a topic, served by a feed that all clients share. */
export class TopicSubscription implements Subscription, TopicTaker {
  readonly kind = 'topic';
  private readonly lane: Lane | undefined;

  constructor(
    private readonly session: Session,
    readonly subscriptionId: string,
    readonly asked: Asked,
    /** As the broker knows it. */
    private readonly target: string,
    /** What may be dropped when the client does not keep up. */
    slow: Slow,
  ) {
    if (slow.policy !== 'disconnect') this.lane = new Lane(slow, session.services.metrics.dropped);
  }

  get version(): StompVersion {
    return this.session.version;
  }

  start(): Promise<void> {
    return this.session.services.topics.subscribe(this.target, this);
  }

  end(): void {
    this.session.services.topics.unsubscribe(this.target, this);
  }

  deliverShared(frame: Outgoing, replyTo: string | undefined): void {
    this.session.services.metrics.delivered.topic++;
    this.session.messagesOut++;
    if (replyTo !== undefined) this.session.replies.remember(replyTo);
    this.session.send(frame, this.lane);
  }
}

/** A subscription that the broker itself serves, over the client's private link. */
export class PrivateSubscription implements Subscription {
  readonly kind = 'private';

  constructor(
    readonly asked: Asked,
    /** The destination as the broker knows it. */
    private readonly target: string,
    /** The headers that named or shaped its queue: the client's, and those that the relay added. */
    private readonly shaping: HeaderList,
    /** STOMP 1.0 allows a subscription without id; the broker then tells it by its destination. */
    private readonly id: string | undefined,
  ) {}

  /** What its MESSAGEs bear: the id in their `subscription`, or without one the `destination`. */
  get label(): string {
    return this.id ?? this.target;
  }

  /** How RabbitMQ's STOMP plugin names it in the `ack` values that it gives out. */
  get consumerTag(): string {
    return this.id === undefined ? `Q_${this.target}` : `T_${this.id}`;
  }

  /** The headers of the UNSUBSCRIBE that ends it. The queue of a durable one stays unless it is to be deleted. */
  ending(deleteQueue: boolean): HeaderList {
    const headers = this.id === undefined ? [] : ['id', this.id];
    if (this.id === undefined || deleteQueue) headers.push('destination', this.target);
    // The broker finds the queue of a durable subscription by the frame's headers: they are those of the SUBSCRIBE.
    if (deleteQueue) headers.push(...this.shaping);
    return headers;
  }

  /** Ends with the private link. */
  end(): void {}
}
