import { type Destination, parseDestination, sendTarget } from '../destination.js';
import { DestinationError, type RelayError } from '../errors.js';
import { TOKEN_DESTINATION } from '../own-destinations.js';
import { PUBLISHED_AT } from '../own-headers.js';
import { type HeaderGrants, NO_HEADERS } from '../policy/header-grants.js';
import { permitReplyTo } from '../policy/permit-reply.js';
import { replyAddress } from '../reply-to.js';
import type { Session } from '../session/session.js';
import { type Frame, type HeaderList, header } from '../stomp/frame.js';
import { type Traced, tracedTarget } from '../tracing.js';
import { grantedQueueHeaders } from './queue-headers.js';
import { handleRefresh } from './refresh.js';
import { permit, required } from './required.js';
import { forwardedHeaders } from './send-headers.js';

/**
 * SEND (STOMP 1.2, SEND). Users, topics and services are reached over the session's shared link, in order;
 * queues and whatever wants an answer through a temporary queue over the private link. The RECEIPT means that
 * the broker has confirmed the message.
 */
export function handleSend(session: Session, frame: Frame): Promise<void> | undefined {
  const text = required(frame, 'destination');
  if (text === TOKEN_DESTINATION) return handleRefresh(session, frame);
  session.messagesIn++;
  const destination = parseDestination(text, 'send', session.user.userWord);
  const granted = permitted(session, destination);
  const target = sendTarget(destination);
  const replyTo = replyHeader(session, frame);
  const forwarded = forwardedHeaders(frame.headers, session.user.user);
  const headers = ['destination', target, ...replyTo, ...forwarded, PUBLISHED_AT, String(Date.now())];
  // What is confirmed must survive the broker. Topics go to queues that do not, and stay as the client has them.
  if (destination.kind === 'user' || destination.kind === 'app') headers.push('persistent', 'true');
  const shared = isShared(destination) && !replyTo[1]?.startsWith('/temp-queue/');
  if (!shared) headers.push(...grantedQueueHeaders(frame.headers, granted));
  if (isShared(destination) && !shared && destination.kind !== 'topic') {
    throw new DestinationError(
      'ERR_REPLY_TO_UNAVAILABLE',
      `reply-to a temporary queue is not available for ${destination.text}; name a destination such as /topic/…`,
    );
  }
  const traced = session.services.tracing?.send(headers, tracedTarget(target, frame.body.length));
  const publication = { headers: traced?.headers ?? headers, traced };
  const transaction = header(frame.headers, 'transaction');
  if (shared) sendShared(session, frame, publication, transaction);
  else sendPrivately(session, frame, publication, transaction);
  return undefined;
}

/** What goes to the broker. */
interface Publication {
  readonly headers: HeaderList;
  readonly traced: Traced | undefined;
}

/** What is called back with the broker's confirmation. Where the client wants none, the span ends here. */
function whenConfirmed(session: Session, frame: Frame, { traced }: Publication) {
  const done = session.answers.whenConfirmed(frame);
  if (!traced) return done;
  if (done) {
    return (error?: RelayError) => {
      traced.end(error?.code);
      done(error);
    };
  }
  traced.end();
  return undefined;
}

function sendShared(
  session: Session,
  frame: Frame,
  publication: Publication,
  transaction: string | undefined,
): void {
  const { headers } = publication;
  const done = whenConfirmed(session, frame, publication);
  if (transaction === undefined) {
    session.answers.sentUnconfirmed ||= !done;
    session.sends.send(headers, frame.body, done);
    session.intake.throttle(session.sends);
    return;
  }
  // The body is a view on what the socket delivered; a transaction keeps it for long.
  const body = Buffer.from(frame.body);
  session.transactions.add(transaction, body.length + 512, (committed) => {
    session.sends.send(headers, body, (error) => {
      done?.(error);
      committed(error);
    });
  });
}

function sendPrivately(
  session: Session,
  frame: Frame,
  publication: Publication,
  transaction: string | undefined,
): void {
  const headers = [...publication.headers];
  const { link } = session.private;
  if (transaction !== undefined) {
    if (session.transactions.needPrivateLink(transaction)) link.begin(transaction);
    headers.push('transaction', transaction);
  }
  link.publish(headers, frame.body, whenConfirmed(session, frame, publication));
  session.intake.throttle(link);
}

/** Over shared links goes what needs nothing from the broker but to be routed. */
function isShared({ kind }: Destination): boolean {
  return kind === 'user' || kind === 'topic' || kind === 'app';
}

function permitted(session: Session, destination: Destination): HeaderGrants {
  // An answer to whoever asked this client; nobody can name a reply queue that was not told to it.
  if (destination.kind === 'reply-queue' && session.replies.has(destination.text)) return NO_HEADERS;
  return permit(session, 'send', destination).headers;
}

function replyHeader({ services, user, replies }: Session, frame: Frame): HeaderList {
  const text = header(frame.headers, 'reply-to');
  if (text === undefined) return [];
  const replyTo = permitReplyTo(services.policy, user, text, (destination) => replies.has(destination));
  return ['reply-to', replyAddress(replyTo)];
}
