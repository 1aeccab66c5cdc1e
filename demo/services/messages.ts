import { randomUUID } from 'node:crypto';
import type { Options } from 'amqplib';
import { type MessageType, type SendType, sealEnvelope } from 'stomp-relay/envelope';
import { EVENT_EXCHANGE, TOPIC_EXCHANGE, USER_EXCHANGE, userKey } from './address.js';

/** A message that is ready to be published. */
export interface Outgoing {
  readonly exchange: string;
  readonly key: string;
  readonly body: string;
  readonly options: Options.Publish;
}

/** Nobody waits for an answer any longer than this. */
const REPLY_LIFE_MS = 30_000;
/** What was pushed about an order or a payment is in the shop's own view, too. */
const PUSH_LIFE_MS = 24 * 3600_000;

interface Said {
  /** Name of the service, or the user in whose name it speaks. */
  readonly from: string;
  /** `order.shipped` … */
  readonly what: string;
  readonly content: unknown;
  /** By which a receiver tells duplicates. Default: a new one. */
  readonly id?: string;
}

/** The answer to a request; worthless once nobody waits for it. */
export function reply(
  to: { readonly user: string; readonly key: string; readonly correlationId: string | undefined },
  said: Said,
): Outgoing {
  const { correlationId } = to;
  return message(USER_EXCHANGE, to.key, 'user', to.user, 'reply', said, {
    ...(correlationId === undefined ? {} : { correlationId }),
    headers: { 'relay-unread': 'drop' },
    expiration: REPLY_LIFE_MS,
  });
}

/** To `/user/topic/{where}` of one user; waits there as unread mail when they are away. */
export function push(
  user: string,
  where: string,
  type: MessageType,
  said: Said,
  lives = PUSH_LIFE_MS,
): Outgoing {
  return message(USER_EXCHANGE, userKey(user, where), 'user', user, type, said, {
    persistent: true,
    expiration: lives,
  });
}

/** The same for what is worth something at this moment only. */
export function signal(
  user: string,
  where: string,
  said: Said,
  headers: Record<string, string> = {},
): Outgoing {
  return message(USER_EXCHANGE, userKey(user, where), 'user', user, 'signal', said, {
    headers: { 'relay-unread': 'drop', ...headers },
  });
}

/** To `/topic/{key}`: whoever listens now. */
export function broadcast(
  key: string,
  type: MessageType,
  said: Said,
  headers: Record<string, string> = {},
): Outgoing {
  return message(TOPIC_EXCHANGE, key, 'topic', key, type, said, { headers });
}

/** To the other services; `what` is the routing key. */
export function event(said: Said, options: Options.Publish = {}): Outgoing {
  return message(EVENT_EXCHANGE, said.what, 'all', '', 'event', said, { persistent: true, ...options });
}

function message(
  exchange: string,
  key: string,
  sendType: SendType,
  toUniqueId: string,
  messageType: MessageType,
  said: Said,
  options: Options.Publish,
): Outgoing {
  const timestamp = Date.now();
  const { what: businessType, from: fromUniqueId, content } = said;
  const body = sealEnvelope({
    sendType,
    messageType,
    businessType,
    fromUniqueId,
    toUniqueId,
    fromClientType: 'service',
    timestamp,
    content,
  });
  const common = {
    messageId: said.id ?? randomUUID(),
    contentType: 'application/json',
    // AMQP counts seconds.
    timestamp: Math.floor(timestamp / 1000),
  };
  return { exchange, key, body, options: { ...common, ...options } };
}
