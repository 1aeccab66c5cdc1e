import { ForbiddenError } from '../errors.js';
import { grantedQueueHeaders } from '../inbound/queue-headers.js';
import { permit } from '../policy/permit.js';
import type { Session } from './session.js';
import { PrivateSubscription, type Subscription } from './subscriptions.js';

/**
 * Asks the policy again about every subscription of a session, for the claims that it has now, and ends those that it
 * allows no longer. The others are not touched: they miss and repeat nothing.
 * @returns the ids of those that ended, once the broker has ended them, too
 */
export async function reviewSubscriptions(session: Session): Promise<string[]> {
  const ended: string[] = [];
  const confirmations: Promise<void>[] = [];
  for (const [id, subscription] of [...session.subscriptions]) {
    const reason = refusal(session, subscription);
    if (reason === undefined) continue;
    session.subscriptions.delete(id);
    session.ended.add(id, subscription);
    if (subscription instanceof PrivateSubscription)
      confirmations.push(session.private.end(id, subscription));
    else subscription.end();
    session.notices.tell({
      type: 'subscription-ended',
      subscription: id,
      destination: subscription.asked.destination.text,
      reason,
    });
    ended.push(id);
  }
  await Promise.all(confirmations);
  return ended;
}

function refusal(session: Session, { asked }: Subscription): string | undefined {
  const { destination, shaping } = asked;
  try {
    const { headers } = permit(session.services.policy, session.user, 'subscribe', destination);
    grantedQueueHeaders(shaping, headers);
    return undefined;
  } catch (error) {
    if (error instanceof ForbiddenError) return error.message;
    throw error;
  }
}
