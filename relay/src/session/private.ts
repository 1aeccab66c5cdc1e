import { passedThrough } from '../outbound/message.js';
import { type Frame, header } from '../stomp/frame.js';
import type { PrivateLink } from '../upstream/private.js';
import type { Session } from './session.js';
import type { PrivateSubscription } from './subscriptions.js';

/** Bytes that are handed to the client before it is looked at whether it takes them. */
const BURST = 64 * 1024;

/** A session's private link, and what arrives over it. */
export class Private {
  readonly link: PrivateLink;
  /** Subscriptions that the relay has ended and the broker has not yet, by label. */
  private readonly ending = new Set<string>();
  /** Bytes since the transport was last looked at. */
  private handed = 0;
  /** Since when the broker is not read because the client does not keep up; 0 when it is read. */
  private pausedSince = 0;

  constructor(private readonly session: Session) {
    this.link = session.services.openPrivateLink(`private ${session.id}`, {
      onMessage: (frame) => this.deliver(frame),
      onRefused: (error) => session.fail(error),
    });
  }

  /** For how many milliseconds the client has taken nothing, while the broker is not read for it. */
  stalled(now: number): number {
    return this.pausedSince === 0 ? 0 : now - this.pausedSince;
  }

  /** The client has everything that was handed to it, or may have it soon. */
  resume(): void {
    if (this.pausedSince === 0) return;
    this.pausedSince = 0;
    this.handed = 0;
    this.link.resume();
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
    const outgoing = passedThrough(frame, session.version);
    session.send(outgoing);
    this.handed += outgoing.bytes.length;
    if (this.handed > BURST && this.pausedSince === 0) this.pause();
  }

  /**
   * What the broker sends waits at the broker until the client has taken what is here: dropping it would break what
   * RabbitMQ promises of queues, and keeping it all would take the relay's memory.
   */
  private pause(): void {
    this.pausedSince = Date.now();
    this.link.pause();
    // By then what was handed over in this turn of the event loop has been written.
    setImmediate(() => {
      if (!this.session.transport.congested) this.resume();
    });
  }
}
