import { passedThrough } from '../outbound/message.js';
import { type Frame, header } from '../stomp/frame.js';
import type { PrivateLink } from '../upstream/private.js';
import type { Session } from './session.js';

/** A session's private link, and what arrives over it. */
export class Private {
  readonly link: PrivateLink;

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

  private deliver(frame: Frame): void {
    const { session } = this;
    session.services.metrics.delivered.private++;
    session.replies.remember(header(frame.headers, 'reply-to'));
    session.send(passedThrough(frame, session.version));
  }
}
