import type { Identity } from '../auth/identity.js';
import { parseDestination } from '../destination.js';
import { DestinationError } from '../errors.js';
import { type Decider, permit } from '../policy/permit.js';
import { OWN_REST } from '../unread/address.js';
import type { MailboxAddress } from '../unread/store.js';

/**
 * The caller's own mailbox of a destination, written as in SUBSCRIBE or without its `/user`: `/user/topic/reply` and
 * `/topic/reply` are the same.
 * @throws DestinationError when nobody can be subscribed to it, or it keeps no mail; ForbiddenError when the policy
 *   would not let this user subscribe.
 */
export function mailboxOf(text: string, identity: Identity, policy: Decider): MailboxAddress {
  const full = text.startsWith('/user/') ? text : `/user${text}`;
  const destination = parseDestination(full, 'subscribe', identity.userWord);
  if (destination.kind !== 'user' || OWN_REST.test(destination.rest)) {
    throw new DestinationError(
      'ERR_DESTINATION_INVALID',
      `${full} is the relay’s own and keeps no mail; SUBSCRIBE to it`,
    );
  }
  // Mail is what a subscription would have brought: who may not subscribe may not fetch it by another way.
  permit(policy, identity, 'subscribe', destination);
  return { userWord: destination.userWord, rest: destination.rest };
}
