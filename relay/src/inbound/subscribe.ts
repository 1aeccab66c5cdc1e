import { createHash } from 'node:crypto';
import { brokerDestination, type Destination, parseDestination } from '../destination.js';
import { DestinationError, ProtocolError, RelayError } from '../errors.js';
import { BADGE_REST, isShown } from '../own-destinations.js';
import { DISCONNECT } from '../policy/slow.js';
import { BadgeSubscription } from '../session/badge-subscription.js';
import { NoticeSubscription } from '../session/notices.js';
import type { Session } from '../session/session.js';
import {
  type AckMode,
  type Asked,
  PrivateSubscription,
  type Subscription,
  TopicSubscription,
} from '../session/subscriptions.js';
import { AcknowledgedUserSubscription, UserSubscription } from '../session/user-subscriptions.js';
import { type Frame, type HeaderList, header } from '../stomp/frame.js';
import { grantedQueueHeaders } from './queue-headers.js';
import { permit, required } from './required.js';

/** A subscription that the relay itself serves. */
type StartedSubscription = Subscription & { start(): Promise<void> };

const ACK_MODES: readonly string[] = ['auto', 'client', 'client-individual'];

/**
 * SUBSCRIBE (STOMP 1.2, SUBSCRIBE). `/user/…` and plain topics are served by the hub, everything that needs
 * the broker's own bookkeeping by the private link. The RECEIPT means that no later message can be missed.
 */
export function handleSubscribe(session: Session, frame: Frame): undefined {
  const { headers } = frame;
  const text = required(frame, 'destination');
  const id = subscriptionId(session, frame, text);
  const destination = parseDestination(text, 'subscribe', session.user.userWord);
  const ackMode = header(headers, 'ack') ?? 'auto';
  if (!isAckMode(ackMode)) {
    throw new ProtocolError('ERR_BAD_ACK_MODE', `ack takes ${ACK_MODES.join(', ')}`);
  }
  const { headers: granted, slow = DISCONNECT } = permit(session, 'subscribe', destination);

  const replay = wantsReplay(headers, destination);
  if (destination.kind === 'user') {
    // Queue-shaping headers mean nothing here: the user's mail outlives the connection in any case.
    start(session, frame, id, userSubscription(session, id, destination, ackMode, replay));
    return;
  }
  const shaping = grantedQueueHeaders(headers, granted);
  const asked = { destination, shaping: [...shaping] };
  if (destination.kind === 'topic' || destination.kind === 'exchange') {
    refuseLostQueue(shaping);
    shaping.push(...durableQueueName(session, id, destination, shaping));
  }
  if (destination.kind === 'topic' && ackMode === 'auto' && shaping.length === 0) {
    start(session, frame, id, new TopicSubscription(session, id, asked, `/topic/${destination.key}`, slow));
    return;
  }
  subscribePrivately(session, frame, id, asked, ackMode, shaping);
}

function userSubscription(
  session: Session,
  id: string,
  destination: Destination & { kind: 'user' },
  ackMode: AckMode,
  replay: boolean,
): StartedSubscription {
  const { text, userWord, rest } = destination;
  const asked = { destination, shaping: [] };
  if (isShown(rest)) {
    if (ackMode !== 'auto' || replay) {
      const what = rest === BADGE_REST ? 'counts' : 'notices';
      throw new ProtocolError(
        'ERR_BAD_HEADER',
        `${text} takes neither ack nor unread: ${what} are only shown`,
      );
    }
    return new (rest === BADGE_REST ? BadgeSubscription : NoticeSubscription)(session, id, asked);
  }
  const target = { asked, address: { userWord, rest }, replay };
  return ackMode === 'auto'
    ? new UserSubscription(session, id, target)
    : new AcknowledgedUserSubscription(session, id, target, ackMode);
}

/** The `unread` header of SUBSCRIBE. */
function wantsReplay(headers: HeaderList, { kind }: Destination): boolean {
  const unread = header(headers, 'unread');
  if (unread === undefined) return false;
  if (unread !== 'replay') throw new ProtocolError('ERR_BAD_HEADER', 'unread takes replay, or is left out');
  if (kind === 'user') return true;
  throw new ProtocolError(
    'ERR_BAD_HEADER',
    'unread:replay is for /user/… only: nothing else keeps what was missed',
  );
}

function start(session: Session, frame: Frame, id: string, subscription: StartedSubscription): void {
  session.subscriptions.set(id, subscription);
  session.answers.expectSubscription();
  // Never rejects: while the broker is away it stays pending, and the client notices nothing but delay.
  void subscription.start().then(() => session.answers.confirmSubscription(frame));
}

/**
 * RabbitMQ names the queue of a durable subscription by destination and id alone: two users who both call
 * theirs sub-0 would take each other's messages. With the user in the name it is each user's own, and with the
 * broker's own prefix, which is reserved, nobody gets at it as a `/queue/…`.
 */
function durableQueueName(
  session: Session,
  id: string,
  destination: Destination,
  shaping: HeaderList,
): HeaderList {
  if (header(shaping, 'durable') !== 'true' || header(shaping, 'x-queue-name') !== undefined) return [];
  const digest = createHash('sha256')
    .update(`${brokerDestination(destination)}\n${id}`)
    .digest('hex');
  return ['x-queue-name', `stomp-subscription-${session.user.userWord}.${digest.slice(0, 32)}`];
}

/** Such a queue has a name that nobody knows: it would stay and fill for ever, and no SUBSCRIBE would find it again. */
function refuseLostQueue(shaping: HeaderList): void {
  const isFound = header(shaping, 'durable') === 'true' || header(shaping, 'x-queue-name') !== undefined;
  if (header(shaping, 'auto-delete') !== 'false' || isFound) return;
  throw new ProtocolError(
    'ERR_BAD_HEADER',
    'auto-delete:false without durable:true would leave a queue behind that nobody can find again',
  );
}

function subscribePrivately(
  session: Session,
  frame: Frame,
  id: string,
  asked: Asked,
  ackMode: AckMode,
  shaping: HeaderList,
): void {
  const target = brokerDestination(asked.destination);
  if (target === undefined)
    throw new DestinationError('ERR_DESTINATION_INVALID', 'not available at the broker');
  const headers = ['destination', target, 'ack', ackMode, ...shaping];
  // STOMP 1.0 allows a subscription without id; the broker then sends MESSAGEs without one.
  const named = header(frame.headers, 'id');
  if (named !== undefined) headers.unshift('id', named);
  const prefetch = header(frame.headers, 'prefetch-count');
  if (prefetch !== undefined) {
    if (!/^\d{1,5}$/.test(prefetch) || Number(prefetch) > 65535) {
      throw new ProtocolError('ERR_BAD_HEADER', 'prefetch-count takes a whole number from 0 to 65535');
    }
    headers.push('prefetch-count', prefetch);
  }
  session.subscriptions.set(id, new PrivateSubscription(asked, target, shaping, named));
  session.answers.expectSubscription();
  session.private.link.subscribe(id, headers, (error) => {
    if (error) session.fail(error, header(frame.headers, 'receipt'));
    else session.answers.confirmSubscription(frame);
  });
}

function subscriptionId(session: Session, frame: Frame, destination: string): string {
  const id = session.version === '1.0' ? (header(frame.headers, 'id') ?? destination) : required(frame, 'id');
  if (id.startsWith('/temp-queue/')) {
    throw new ProtocolError('ERR_BAD_HEADER', 'a subscription id may not start with /temp-queue/');
  }
  if (session.subscriptions.has(id)) {
    throw new ProtocolError('ERR_DUPLICATE_SUBSCRIPTION', 'a subscription with this id exists already');
  }
  session.ended.delete(id);
  if (session.subscriptions.size >= session.services.limits.maxSubscriptions) {
    throw new RelayError('ERR_TOO_MANY_SUBSCRIPTIONS', 'too many subscriptions', 'limitExceeded');
  }
  return id;
}

function isAckMode(value: string): value is AckMode {
  return ACK_MODES.includes(value);
}
