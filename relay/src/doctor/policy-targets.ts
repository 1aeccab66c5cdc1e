import {
  nodeExchangeName,
  nodeQueueName,
  revocationQueue,
  sharedExchanges,
  sharedQueues,
} from '../broker/topology.js';
import { mailboxType, type RelayConfig } from '../config.js';

/** Something of the relay's to which a policy may apply. */
export interface Target {
  readonly name: string;
  readonly kind: 'exchange' | 'classic' | 'quorum' | 'stream';
  readonly role: 'exchange' | 'shared' | 'node' | 'mailbox';
}

const kindOf = (args: Readonly<Record<string, unknown>>) => args['x-queue-type'] as Target['kind'];

/** One of each, with the kinds that the settings say. */
export function targetsOf(env: RelayConfig['env']): Target[] {
  const exchanges = [...sharedExchanges.map(({ name }) => name), nodeExchangeName('name')];
  return [
    ...exchanges.map((name) => ({ name, kind: 'exchange', role: 'exchange' }) as const),
    ...[...sharedQueues, revocationQueue].map(
      ({ name, arguments: args }) => ({ name, kind: kindOf(args), role: 'shared' }) as const,
    ),
    { name: nodeQueueName('name'), kind: env.RELAY_NODE_QUEUE_TYPE, role: 'node' },
    { name: 'relay.unread.alice.topic.reply', kind: mailboxType(env), role: 'mailbox' },
  ];
}

/** Names that the broker gives to queues of private links. */
export const CLIENT_QUEUES: readonly Target[] = ['amq.gen-name', 'stomp-subscription-name'].map((name) => ({
  name,
  kind: 'classic',
  role: 'shared',
}));
