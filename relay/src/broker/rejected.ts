import type { ConfirmChannel, ConsumeMessage } from 'amqplib';
import { names } from './topology.js';

/**
 * Puts a message aside that can never be kept, with the reason, where an operator finds it. `done` gets an error when the
 * broker did not take it.
 */
export function putAside(
  channel: ConfirmChannel,
  { fields, properties, content }: ConsumeMessage,
  reason: string,
  done: (error: unknown) => void,
): void {
  const { messageId, contentType, contentEncoding, type } = properties;
  const headers = {
    'relay-reason': reason,
    'relay-key': fields.routingKey,
    'relay-exchange': fields.exchange,
  };
  // Only what cannot be the reason itself is passed on.
  const options = { headers, messageId, contentType, contentEncoding, type, deliveryMode: 2 };
  channel.publish('', names.rejected, content, options, done);
}
