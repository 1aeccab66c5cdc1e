import { RelayError } from '../errors.js';
import type { OutboundMessage } from '../outbound/message.js';
import type { Outgoing } from '../outbound/outgoing.js';
import type { HeaderList, StompVersion } from '../stomp/frame.js';
import type { Delivery } from '../upstream/delivery.js';
import type { TopicTaker } from '../upstream/topics.js';
import type { UserTaker } from '../upstream/users.js';
import type { Session } from './session.js';

export type AckMode = 'auto' | 'client' | 'client-individual';

/** One SUBSCRIBE of a client, of whichever kind. */
export interface Subscription {
  /** Ends it upstream. Called once, on UNSUBSCRIBE or when the session ends. */
  end(): void;
}

/** A subscription to one of the client's own `/user/…` destinations. */
export class UserSubscription implements Subscription, UserTaker {
  /** Deliveries that wait for the client's ACK, oldest first; by the ack value that the client was given. */
  private unacked: Map<string, Delivery> | undefined;

  constructor(
    private readonly session: Session,
    private readonly id: string,
    private readonly destination: string,
    private readonly key: string,
    readonly ackMode: AckMode,
    /** Makes ack values of several subscriptions to one destination distinct. */
    private readonly ordinal: number,
  ) {}

  start(): Promise<void> {
    return this.session.services.users.subscribe(this.key, this);
  }

  end(): void {
    this.session.services.users.unsubscribe(this.key, this);
    if (!this.unacked) return;
    for (const delivery of this.unacked.values()) delivery.release();
    this.unacked = undefined;
  }

  deliver(message: OutboundMessage, delivery: Delivery): void {
    const { session, id: subscription, destination } = this;
    const view = { subscription, destination, version: session.version };
    session.services.metrics.delivered.user++;
    if (message.replyTo !== undefined) session.replies.remember(message.replyTo);
    if (this.ackMode === 'auto') {
      session.sendUnproven(message.encode(view), delivery);
      return;
    }
    const ack = `${this.ordinal}:${message.id}`;
    this.unacked ??= new Map();
    this.unacked.set(ack, delivery);
    session.send(message.encode({ ...view, ack }));
    if (this.unacked.size > session.services.limits.maxUnacked) {
      session.fail(
        new RelayError(
          'ERR_TOO_MANY_UNACKED',
          'too many messages wait for an acknowledgement',
          'slowConsumer',
        ),
      );
    }
  }

  waitsFor(ack: string): boolean {
    return this.unacked?.has(ack) ?? false;
  }

  /** Settles what an ACK or NACK names; nothing when it was settled before. */
  acknowledge(ack: string, accepted: boolean): void {
    const { unacked } = this;
    if (!unacked?.has(ack)) return;
    if (this.ackMode === 'client-individual') {
      settle(unacked.get(ack), accepted);
      unacked.delete(ack);
      return;
    }
    // STOMP 1.2, ACK: with ack:client it covers this message and all before it.
    for (const [earlier, delivery] of unacked) {
      settle(delivery, accepted);
      unacked.delete(earlier);
      if (earlier === ack) return;
    }
  }
}

function settle(delivery: Delivery | undefined, accepted: boolean): void {
  if (accepted) delivery?.confirm();
  else delivery?.release();
}

/** An automatic-acknowledgement subscription to a topic, served by a feed that all clients share. */
export class TopicSubscription implements Subscription, TopicTaker {
  constructor(
    private readonly session: Session,
    readonly subscriptionId: string,
    private readonly destination: string,
  ) {}

  get version(): StompVersion {
    return this.session.version;
  }

  start(): Promise<void> {
    return this.session.services.topics.subscribe(this.destination, this);
  }

  end(): void {
    this.session.services.topics.unsubscribe(this.destination, this);
  }

  deliverShared(frame: Outgoing, replyTo: string | undefined): void {
    this.session.services.metrics.delivered.topic++;
    if (replyTo !== undefined) this.session.replies.remember(replyTo);
    this.session.send(frame);
  }
}

/** A subscription that the broker itself serves, over the client's private link. */
export class PrivateSubscription implements Subscription {
  constructor(
    /** As the broker knows it. */
    readonly destination: string,
    /** The headers that named or shaped its queue; the policy has granted them. */
    readonly shaping: HeaderList,
  ) {}

  /** Ends with the private link. */
  end(): void {}
}
