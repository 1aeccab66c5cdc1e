import type { Outgoing } from '../outbound/outgoing.js';
import type { HeaderList, StompVersion } from '../stomp/frame.js';
import type { TopicTaker } from '../upstream/topics.js';
import type { Session } from './session.js';

export type AckMode = 'auto' | 'client' | 'client-individual';

/** One SUBSCRIBE of a client, of whichever kind. */
export interface Subscription {
  /** Ends it upstream. Called once, on UNSUBSCRIBE or when the session ends. */
  end(): void;
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
