import { setTimeout } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';

/** Names of everything that the relay owns on the broker. Clients never get at a name that starts with `relay.`. */
export const names = {
  user: 'relay.user',
  unread: 'relay.unread',
  intake: 'relay.unread.intake',
  rejected: 'relay.unread.rejected',
  app: 'relay.app',
  control: 'relay.control',
  topic: 'amq.topic',
} as const;

export function nodeQueueName(node: string): string {
  return `relay.node.${node}`;
}

/** Declares what all relays share. Idempotent; the same objects stand in rabbitmq/definitions.json. */
export async function declareShared(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  await channel.assertExchange(names.unread, 'topic', { durable: true });
  await channel.assertExchange(names.user, 'topic', { durable: true, alternateExchange: names.unread });
  await channel.assertExchange(names.app, 'topic', { durable: true });
  await channel.assertExchange(names.control, 'fanout', { durable: true });
  await channel.assertQueue(names.intake, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-single-active-consumer': true },
  });
  await channel.bindQueue(names.intake, names.unread, '#');
  await channel.assertQueue(names.rejected, { durable: true, arguments: { 'x-queue-type': 'quorum' } });
  await channel.close();
}

export type NodeQueueType = 'quorum' | 'classic';

/**
 * Declares the queue of one relay process. Its messages outlive the process: when nobody consumes them they
 * pass their TTL and are dead-lettered into `relay.unread`, and only later the empty queue expires
 * (the broker does not dead-letter what an expiring queue still holds, so the TTL must come first).
 *
 * A quorum queue syncs every message to disk before it hands it out, and dead-letters at least once. A classic queue does
 * neither: messages come some 0.6 ms sooner, and those that are being dead-lettered while the broker is killed can be lost.
 */
export async function declareNodeQueue(
  connection: ChannelModel,
  node: string,
  type: NodeQueueType,
  ttl: number,
): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  const safety = {
    'x-dead-letter-strategy': 'at-least-once',
    'x-overflow': 'reject-publish',
    // A message that ends the consumer each time it is delivered must not do so for ever.
    'x-delivery-limit': 20,
  };
  await channel.assertQueue(nodeQueueName(node), {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-message-ttl': ttl,
      'x-expires': ttl * 3,
      'x-dead-letter-exchange': names.unread,
      ...(type === 'quorum' ? safety : {}),
    },
  });
  await channel.close();
}

/** Removes the node queue when it is empty; otherwise it is left to expire into `relay.unread`. */
export async function removeNodeQueue(connection: ChannelModel, node: string): Promise<boolean> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  let state = await channel.checkQueue(nodeQueueName(node));
  // The broker lets go of a consumer a moment after its connection has ended.
  for (let i = 0; state.consumerCount > 0 && i < 20; i++) {
    await setTimeout(25);
    state = await channel.checkQueue(nodeQueueName(node));
  }
  if (state.messageCount > 0 || state.consumerCount > 0) return false;
  await channel.deleteQueue(nodeQueueName(node));
  await channel.close();
  return true;
}
