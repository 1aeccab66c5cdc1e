import { passedThrough } from '../outbound/message.js';
import { type Frame, header } from '../stomp/frame.js';
import type { PrivateLink } from '../upstream/private.js';
import type { Session } from './session.js';
import type { PrivateSubscription } from './subscriptions.js';

/** A session's private link, and what arrives over it. */
export class Private {
  readonly link: PrivateLink;
  /** Subscriptions that the relay has ended and the broker has not yet, by label. */
  private readonly ending = new Set<string>();

  constructor(private readonly session: Session) {
    this.link = session.services.openPrivateLink(`private ${session.id}`, {
      onMessage: (frame) => this.deliver(frame),
      onRefused: (error) => session.fail(error),
    });
  }

  /** Resolves when the broker knows nothing of it any more; false when it did not get all that was sent. */
  close(): Promise<boolean> {
    return this.link.close();
  }

  /**
   * Ends a subscription that the client may not have any more: from now on nothing of it is delivered. Resolves when the
   * broker has ended it, too.
   */
  async end(id: string, subscription: PrivateSubscription): Promise<void> {
    this.ending.add(subscription.label);
    await new Promise<void>((resolve) => {
      this.link.unsubscribe(id, subscription.ending(false), () => resolve());
    });
    this.ending.delete(subscription.label);
  }

  private deliver(frame: Frame): void {
    const { session } = this;
    if (this.ending.size > 0) {
      const label = header(frame.headers, 'subscription') ?? header(frame.headers, 'destination');
      if (this.ending.has(label ?? '')) return;
    }
    session.services.metrics.delivered.private++;
    session.messagesOut++;
    session.replies.remember(header(frame.headers, 'reply-to'));
    session.send(passedThrough(frame, session.version));
  }
}
