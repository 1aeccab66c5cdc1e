import { ProtocolError } from '../errors.js';
import type { Session } from '../session/session.js';
import { PrivateSubscription } from '../session/subscriptions.js';
import { type Frame, header } from '../stomp/frame.js';
import { required } from './required.js';

/**
 * UNSUBSCRIBE (STOMP 1.2, UNSUBSCRIBE). In 1.0 it may name the destination instead of the id. With `durable`
 * on a durable subscription the broker deletes its queue.
 */
export function handleUnsubscribe(session: Session, frame: Frame): undefined {
  const { headers } = frame;
  const given = header(headers, 'id');
  const id = session.version === '1.0' ? (given ?? required(frame, 'destination')) : required(frame, 'id');
  const subscription = session.subscriptions.get(id);
  if (!subscription && session.ended.has(id)) {
    session.answers.receipt(frame);
    return;
  }
  if (!subscription) throw new ProtocolError('ERR_NO_SUBSCRIPTION', 'there is no subscription with this id');
  session.subscriptions.delete(id);
  if (!(subscription instanceof PrivateSubscription)) {
    subscription.end();
    session.answers.receipt(frame);
    return;
  }
  const ending = subscription.ending(header(headers, 'durable') === 'true');
  session.private.link.unsubscribe(id, ending, session.answers.whenConfirmed(frame));
}
