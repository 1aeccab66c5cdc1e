import { setTimeout } from 'node:timers/promises';
import type { Channel, ChannelModel } from 'amqplib';
import { isDown, openQuietly } from './probe.js';

/** Names of everything that the relay owns on the broker. Clients never get at a name that starts with `relay.`. */
export const names = {
  user: 'relay.user',
  users: 'relay.users',
  unread: 'relay.unread',
  intake: 'relay.unread.intake',
  rejected: 'relay.unread.rejected',
  dropped: 'relay.unread.dropped',
  changed: 'relay.unread.changed',
  app: 'relay.app',
  control: 'relay.control',
  revocations: 'relay.revocations',
  topic: 'amq.topic',
} as const;

export function nodeQueueName(node: string): string {
  return `relay.node.${node}`;
}

/** The directory of mailboxes is spread over this many queues, because a quorum queue's consumer holds 65,535 messages at most. */
const DIRECTORY_QUEUES = 4;

export const directoryQueues: readonly string[] = Array.from(
  { length: DIRECTORY_QUEUES },
  (_, i) => `relay.directory.${i + 1}`,
);

/** More than ever happens: RabbitMQ 4 throws a message away after 20 deliveries unless it is told otherwise. */
export const NO_DELIVERY_LIMIT = 1_000_000_000;

export function nodeExchangeName(node: string): string {
  return `relay.node.${node}`;
}

/** Exchanges and queues of ours are durable, all of them. Arguments are as the broker knows them. */
export interface SharedExchange {
  readonly name: string;
  readonly type: 'topic' | 'fanout' | 'direct';
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface SharedQueue {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** From an exchange to a queue or to another exchange. */
export interface SharedBinding {
  readonly source: string;
  readonly to: 'queue' | 'exchange';
  readonly destination: string;
  readonly key: string;
}

export const sharedExchanges: readonly SharedExchange[] = [
  { name: names.unread, type: 'topic', arguments: {} },
  { name: names.user, type: 'topic', arguments: { 'alternate-exchange': names.unread } },
  // Where users are bound: a binding of a direct exchange costs the broker half as much as one of a topic exchange. And
  // who listens to everybody, at the exchange before it, does not make those who are away seem to be there.
  { name: names.users, type: 'direct', arguments: { 'alternate-exchange': names.unread } },
  { name: names.app, type: 'topic', arguments: {} },
  { name: names.control, type: 'fanout', arguments: {} },
  { name: names.changed, type: 'direct', arguments: {} },
  { name: names.dropped, type: 'fanout', arguments: {} },
];

const inOrder = {
  'x-queue-type': 'quorum',
  'x-single-active-consumer': true,
  'x-delivery-limit': NO_DELIVERY_LIMIT,
};

/** Where what mailboxes drop is counted. In a cluster this queue is on one broker only: while that is down, nobody counts. */
const droppedQueue: SharedQueue = {
  name: names.dropped,
  // Only to be counted, so what nobody counts is no loss.
  arguments: { 'x-queue-type': 'classic', 'x-max-length': 10_000, 'x-message-ttl': 60_000 },
};

export const sharedQueues: readonly SharedQueue[] = [
  { name: names.intake, arguments: inOrder },
  { name: names.rejected, arguments: { 'x-queue-type': 'quorum' } },
  droppedQueue,
  ...directoryQueues.map((name) => ({ name, arguments: inOrder })),
];

/**
 * The log of revocations. A revocation is kept for a year, the longest that RELAY_REVOCATION_TIME can be: relays that are
 * set up otherwise share the log. 20 MB are about as many as a relay remembers, and read in a few seconds.
 */
export const revocationQueue: SharedQueue = {
  name: names.revocations,
  arguments: {
    'x-queue-type': 'stream',
    'x-max-age': '366D',
    'x-max-length-bytes': 20_000_000,
    // What is too old goes by whole segments.
    'x-stream-max-segment-size-bytes': 2_000_000,
  },
};

export const sharedBindings: readonly SharedBinding[] = [
  { source: names.user, to: 'exchange', destination: names.users, key: '#' },
  { source: names.unread, to: 'queue', destination: names.intake, key: '#' },
  { source: names.dropped, to: 'queue', destination: names.dropped, key: '' },
  { source: names.control, to: 'queue', destination: names.revocations, key: '' },
];

/** Declares what all relays share. Idempotent; the same objects stand in rabbitmq/definitions.json. */
export async function declareShared(connection: ChannelModel): Promise<void> {
  const channel = await connection.createChannel();
  channel.on('error', () => {});
  for (const exchange of sharedExchanges) {
    await channel.assertExchange(exchange.name, exchange.type, {
      durable: true,
      arguments: exchange.arguments,
    });
  }
  for (const { source, to, destination, key } of sharedBindings) {
    if (to === 'exchange') await channel.bindExchange(destination, source, key);
  }
  for (const queue of sharedQueues) if (queue !== droppedQueue) await declareQueue(channel, queue);
  await channel.close();
  await declareDropped(connection);
}

async function declareDropped(connection: ChannelModel): Promise<void> {
  const channel = await openQuietly(connection);
  try {
    await declareQueue(channel, droppedQueue);
    await channel.close();
  } catch (error) {
    if (!isDown(error)) throw error;
  }
}

/** Bound at once: what comes to the exchange without its queue is lost. */
async function declareQueue(channel: Channel, queue: SharedQueue): Promise<void> {
  await channel.assertQueue(queue.name, { durable: true, arguments: queue.arguments });
  for (const { source, to, destination, key } of sharedBindings) {
    if (to === 'queue' && destination === queue.name) await channel.bindQueue(queue.name, source, key);
  }
}

/** A stream takes some 0.4 s after the broker was killed until it can be used, in milliseconds. */
const STREAM_PATIENCE_MS = 5000;

/** Declares the log of revocations. */
export async function declareRevocations(connection: ChannelModel): Promise<void> {
  const deadline = Date.now() + STREAM_PATIENCE_MS;
  for (;;) {
    const channel = await connection.createChannel();
    channel.on('error', () => {});
    try {
      await declareQueue(channel, revocationQueue);
      await channel.close();
      return;
    } catch (error) {
      // "Its home node is down" is what RabbitMQ says of a stream that it is still opening.
      if (!isDown(error) || Date.now() > deadline) throw error;
      await setTimeout(50);
    }
  }
}

export type NodeQueueType = 'quorum' | 'classic';

/**
 * Declares the place of one relay process: an exchange, to which the routes of its users lead, and the queue behind
 * it. Deleting the exchange cuts all of them in one step. Messages that nobody takes in time become unread.
 *
 * The queue never expires by itself: the broker drops what an expiring queue still holds.
 *
 * A quorum queue syncs every message to disk before it hands it out, and dead-letters at least once. A classic queue does
 * neither: messages come some 0.6 ms sooner, and those that are being dead-lettered while the broker is killed can be lost.
 */
export async function declareNode(
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
  await channel.assertExchange(nodeExchangeName(node), 'fanout', {
    durable: true,
    // For as long as there is no queue behind it, as when a classic one is on a broker of the cluster that is down.
    alternateExchange: names.unread,
  });
  await channel.assertQueue(nodeQueueName(node), {
    durable: true,
    arguments: {
      'x-queue-type': type,
      'x-message-ttl': ttl,
      'x-dead-letter-exchange': names.unread,
      ...(type === 'quorum' ? safety : {}),
    },
  });
  await channel.bindQueue(nodeQueueName(node), nodeExchangeName(node), '');
  await channel.close();
}
