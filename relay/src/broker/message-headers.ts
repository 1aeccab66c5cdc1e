import type { ConsumeMessage } from 'amqplib';
import { shownReplyTo } from '../reply-to.js';
import type { HeaderList } from '../stomp/frame.js';

/** Destinations that RabbitMQ's STOMP plugin takes as they are; anything else is the name of a queue. */
const REPLY_DESTINATION = /^\/(topic|queue|exchange|amq\/queue|reply-queue)\//;

/** What the relay itself notes on a message. */
const INTERNAL = 'x-relay-';

/**
 * The headers that a STOMP client sees of an AMQP message, much as RabbitMQ's own STOMP plugin writes them: first those
 * that the publisher set, then the properties. Strings, numbers and truth values are shown (the plugin hides truth values
 * and fractions); tables and lists are not.
 */
export function stompHeaders({ fields, properties }: ConsumeMessage): HeaderList {
  const headers: HeaderList = ['redelivered', String(fields.redelivered)];
  const add = (name: string, value: unknown): void => {
    if (typeof value === 'string') headers.push(name, value.includes('\0') ? mended(value) : value);
    else if (typeof value === 'number' || typeof value === 'boolean') headers.push(name, String(value));
  };
  const own: Record<string, unknown> = properties.headers ?? {};
  for (const name in own) {
    const value = own[name];
    if (name === 'reply-to' && typeof value === 'string') add(name, replyDestination(value));
    else if (name !== '' && !name.startsWith(INTERNAL)) add(mended(name), value);
  }
  if (properties.deliveryMode === 2) add('persistent', true);
  add('app-id', properties.appId);
  add('user-id', properties.userId);
  add('type', properties.type);
  add('timestamp', properties.timestamp);
  add('amqp-message-id', properties.messageId);
  add('expiration', properties.expiration);
  if (typeof properties.replyTo === 'string') add('reply-to', replyDestination(properties.replyTo));
  add('correlation-id', properties.correlationId);
  add('priority', properties.priority);
  add('content-encoding', properties.contentEncoding);
  add('content-type', properties.contentType);
  return headers;
}

/** A service names a queue; a STOMP client needs a destination. */
function replyDestination(replyTo: string): string {
  return REPLY_DESTINATION.test(replyTo) ? shownReplyTo(replyTo) : `/reply-queue/${replyTo}`;
}

/** STOMP has no way to write NUL in a header; losing the message for it would be worse. */
function mended(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}
