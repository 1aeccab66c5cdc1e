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

/** A subscription with automatic acknowledgement to one of the client's own `/user/…` destinations. */
export class UserSubscription implements Subscription, UserTaker {
  constructor(
    protected readonly session: Session,
    protected readonly id: string,
    protected readonly destination: string,
    private readonly key: string,
  ) {}

  start(): Promise<void> {
    return this.session.services.users.subscribe(this.key, this);
  }

  end(): void {
    this.session.services.users.unsubscribe(this.key, this);
  }

  deliver(message: OutboundMessage, delivery: Delivery): void {
    const { session } = this;
    if (session.isClosed) {
      delivery.release();
      return;
    }
    session.services.metrics.delivered.user++;
    if (message.replyTo !== undefined) session.replies.remember(message.replyTo);
    this.hand(message, delivery);
  }

  protected hand(message: OutboundMessage, delivery: Delivery): void {
    const { session, id: subscription, destination } = this;
    session.sendUnproven(message.encode({ subscription, destination, version: session.version }), delivery);
  }
}

/** The same with acknowledgement by the client. */
export class AcknowledgedUserSubscription extends UserSubscription {
  private readonly ordinal: number;

  constructor(
    session: Session,
    id: string,
    destination: string,
    key: string,
    ackMode: 'client' | 'client-individual',
  ) {
    super(session, id, destination, key);
    this.ordinal = session.acknowledgements.register(ackMode === 'client');
  }

  override end(): void {
    super.end();
    this.session.acknowledgements.release(this.ordinal);
  }

  protected override hand(message: OutboundMessage, delivery: Delivery): void {
    const { session, id: subscription, destination } = this;
    const ack = session.acknowledgements.add(this.ordinal, message.id, delivery);
    if (ack === undefined) {
      const message = 'too many messages wait for an acknowledgement';
      session.fail(new RelayError('ERR_TOO_MANY_UNACKED', message, 'slowConsumer'));
      // Behind those that were delivered before it: unread mail has an order, too.
      delivery.release();
      return;
    }
    session.send(message.encode({ subscription, destination, version: session.version, ack }));
  }
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
