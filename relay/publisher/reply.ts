import { parseDestination } from '../src/destination.js';
import { isReservedQueue } from '../src/destination-checks.js';
import { encodeUser } from '../src/user-word.js';
import type { Address } from './destination.js';
import { PublishError } from './errors.js';

/** The message that is answered: amqplib's `ConsumeMessage`, or anything with its properties. */
export interface Request {
  readonly properties: {
    readonly replyTo?: unknown;
    readonly correlationId?: unknown;
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
  };
}

/** Exchange and key of a user's own destination, as the relay writes `reply-to:/user/…`. */
const USER_REPLY = '/exchange/relay.user/';
/** What RabbitMQ makes of a service's `amq.rabbitmq.reply-to`. */
const DIRECT_REPLY = 'amq.rabbitmq.reply-to.';
const SHORT_STRING = 255;

/**
 * Where an answer goes.
 *
 * `reply-to` is the asker's own text, and whoever answers does so with the rights of a service: without a look at it,
 * anybody could have a message put into another's mailbox, or into a queue of the relay's own. So names that begin with `relay.`
 * are refused, except for the mailbox of the user that the relay has verified as asker. The rest is what the relay has checked
 * by its access rules, or another service asked for.
 * @throws PublishError ERR_REPLY_TO
 */
export function replyAddress({ properties }: Request): Address {
  const { replyTo, headers } = properties;
  if (typeof replyTo !== 'string' || replyTo === '') throw refused('the message has no reply-to');
  const asker: unknown = headers?.['relay-user'];
  if (replyTo.startsWith(USER_REPLY)) return ownDestination(replyTo.slice(USER_REPLY.length), asker);
  return { lane: 'reply', ...target(replyTo, asker !== undefined) };
}

/** The key is taken as it is: no escape is undone, or the word of one user could become another's. */
function ownDestination(key: string, asker: unknown): Address {
  const word = key.slice(0, key.indexOf('.'));
  if (typeof asker !== 'string' || word !== encodeUser(asker)) {
    throw refused(`reply-to names a user's destination, and that user did not ask`);
  }
  try {
    parseDestination(`/user/${key.replace('.', '/')}`, 'send', '');
  } catch (error) {
    throw refused((error as Error).message);
  }
  return { lane: 'reply', exchange: 'relay.user', key };
}

function target(replyTo: string, fromClient: boolean): Pick<Address, 'exchange' | 'key'> {
  if (!replyTo.startsWith('/')) return { exchange: '', key: plainQueue(replyTo, fromClient) };
  try {
    const destination = parseDestination(replyTo, 'send', '');
    switch (destination.kind) {
      case 'topic':
        return { exchange: 'amq.topic', key: destination.key };
      case 'exchange':
        return { exchange: destination.exchange, key: destination.key };
      case 'queue':
      case 'amq-queue':
      case 'reply-queue':
        return { exchange: '', key: destination.name };
    }
  } catch (error) {
    throw refused((error as Error).message);
  }
  throw refused(`reply-to ${JSON.stringify(replyTo)} is nothing that can be answered to`);
}

function plainQueue(name: string, fromClient: boolean): string {
  if (Buffer.byteLength(name) > SHORT_STRING) throw refused('reply-to is longer than the name of a queue');
  if (name.startsWith('amq.') ? mayBeAnswered(name, fromClient) : !isReservedQueue(name)) return name;
  throw refused(`reply-to names the queue ${JSON.stringify(name)}, which is not for replies`);
}

function mayBeAnswered(name: string, fromClient: boolean): boolean {
  return name.startsWith('amq.gen-') || (!fromClient && name.startsWith(DIRECT_REPLY));
}

function refused(message: string): PublishError {
  return new PublishError('ERR_REPLY_TO', message);
}
