import type { Identity } from '../auth/identity.js';
import type { Destination } from '../destination.js';
import { ForbiddenError } from '../errors.js';
import { parseReplyTo } from '../reply-to.js';
import { type Decider, permit } from './permit.js';

/**
 * Reads the `reply-to` of a SEND and decides whether this user may name it. Whoever answers does so in its own name, so a
 * client must not have others write where it may not write itself. One's own `/user/…` needs no rule, as with SUBSCRIBE.
 * @param wasTold whether a MESSAGE has told this client this `/reply-queue/…`
 * @throws DestinationError, ForbiddenError
 */
export function permitReplyTo(
  policy: Decider,
  identity: Identity,
  text: string,
  wasTold: (destination: string) => boolean,
): Destination {
  const replyTo = parseReplyTo(text, identity.userWord);
  switch (replyTo.kind) {
    case 'user':
      return replyTo;
    case 'reply-queue':
      // Not by a rule: whoever gets the message is told this queue and may send there, an accomplice too.
      if (wasTold(`/reply-queue/${replyTo.name}`)) return replyTo;
      throw new ForbiddenError('reply-to names a reply queue that was not given to this client');
    default:
      permit(policy, identity, 'send', replyTo);
      return replyTo;
  }
}
