import { type Destination, parseDestination, queue } from './destination.js';
import { checkText, invalid, quote, reserved, shortString } from './destination-checks.js';
import { isShown } from './own-destinations.js';

/** What leads to somebody's `/user/…`, as the broker and services write it; the key follows. */
const USER_REPLY = '/exchange/relay.user/';

/**
 * Reads the `reply-to` header of a SEND: where the client wants an answer. `/user/<what>` means its own; a plain name is
 * the queue of that name, as services take it.
 *
 * Everything else is refused. RabbitMQ's STOMP plugin parses `reply-to` as a destination and lets the whole
 * connection crash when it cannot, so one client's `reply-to:/x` would take a shared link down for all.
 * @param self the client's own `userWord`
 * @throws DestinationError as parseDestination
 */
export function parseReplyTo(text: string, self: string): Destination {
  checkText(text, 'reply-to');
  if (text.startsWith('/temp-queue/')) return queue('temp-queue', text, text.split('/').slice(2));
  if (text.startsWith('/user/')) return own(text, self);
  // It becomes an AMQP property, and over a longer one the broker ends the connection of everybody who consumes the message.
  shortString(text, 'reply-to');
  if (!text.includes('/')) return plain(text);
  if (/^\/(topic|queue|amq|exchange|reply-queue)\//.test(text)) return parseDestination(text, 'send', self);
  throw invalid(
    `reply-to ${quote(text)} is nothing a reply can be sent to: use /user/<what>, /temp-queue/<name>, /topic/…, /queue/…, ` +
      '/exchange/… or the plain name of a queue',
  );
}

/**
 * How a `reply-to` is written to the broker, for services and clients to read: one's own `/user/…` as the exchange and key
 * that lead there, a temporary queue as the label that RabbitMQ's STOMP plugin replaces, else what the client wrote.
 */
export function replyAddress(replyTo: Destination): string {
  switch (replyTo.kind) {
    case 'user':
      // The plugin passes it on as it is, so that the word of a user name with a slash needs no other spelling here.
      return USER_REPLY + replyTo.key;
    case 'temp-queue':
      return `/temp-queue/${replyTo.name}`;
    default:
      return replyTo.text;
  }
}

/** How clients see a `reply-to` that came from the broker: somebody's `/user/…` as they would SEND to it. */
export function shownReplyTo(text: string): string {
  if (!text.startsWith(USER_REPLY)) return text;
  const key = text.slice(USER_REPLY.length);
  const end = key.indexOf('.');
  return end < 1 ? text : `/user/${key.slice(0, end)}/${key.slice(end + 1)}`;
}

function own(text: string, self: string): Destination {
  const destination = parseDestination(text, 'subscribe', self);
  // Services answer without asking the relay, which alone says what these hold.
  if (destination.kind !== 'user' || isShown(destination.rest)) throw reserved(text.slice('/user/'.length));
  shortString(replyAddress(destination), 'reply-to, as the broker is told it,');
  return destination;
}

function plain(name: string): Destination {
  // RabbitMQ takes it for the direct reply-to of the link that sends, which has none, and closes the channel of everybody.
  if (name === 'amq.rabbitmq.reply-to') throw reserved(name);
  // Queues that the broker has named are another client's or a service's.
  if (name.startsWith('amq.')) return { ...parseDestination(`/reply-queue/${name}`, 'send', ''), text: name };
  return { ...queue('queue', `/queue/${name}`, [name]), text: name };
}
