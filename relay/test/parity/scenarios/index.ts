import { acks } from './acks.js';
import { bodiesOfMessages } from './bodies.js';
import { durableSubscriptions } from './durable.js';
import { errors } from './errors.js';
import { exchanges } from './exchanges.js';
import { headers } from './headers.js';
import { queues } from './queues.js';
import { receipts } from './receipts.js';
import { replies } from './replies.js';
import { services } from './services.js';
import { topics } from './topics.js';
import { transactions } from './transactions.js';
import { versions } from './versions.js';
import { wire } from './wire.js';

/** Everything that a stompjs application does with RabbitMQ and wants to do through the relay. */
export const scenarios = {
  topics,
  headers,
  bodies: bodiesOfMessages,
  queues,
  acks,
  transactions,
  receipts,
  'durable subscriptions': durableSubscriptions,
  replies,
  exchanges,
  'messages from services': services,
  versions,
  wire,
  errors,
};
