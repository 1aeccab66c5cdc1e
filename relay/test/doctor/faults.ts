import type { Code } from '../../src/doctor/codes.js';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { manage } from '../support/management.js';

/** Asks the management; `{vhost}` stands for the one of this test file. */
export const api = <T = unknown>(method: 'GET' | 'PUT' | 'POST' | 'DELETE', path: string, body?: object) =>
  manage<T>(broker(), method, path.replaceAll('{vhost}', broker().vhost), body);
/** What a user may do; everything but for what is given. */
export const permit = (user: string, permission: Partial<Record<'configure' | 'write' | 'read', string>>) =>
  api('PUT', `permissions/{vhost}/${user}`, { configure: '.*', write: '.*', read: '.*', ...permission });
/** All names but the relay's own. */
export const OTHERS = '^(?!relay\\.).*';

/** Something wrong that can be brought about at a broker, and mended. */
export interface Fault {
  /** The finding that must name it. */
  code: Code;
  /** What else is found because of it; nothing more may be, least of all what was planted before. */
  also?: Code[];
  level: 'error' | 'warning' | 'note';
  /** What stands in the finding. */
  says: RegExp;
  /** What its fix looks like. */
  fix: RegExp;
  plant(service: Service): Promise<unknown>;
  remove(service: Service): Promise<unknown>;
}

interface Binding {
  source: string;
  destination: string;
  destination_type: 'queue' | 'exchange';
  routing_key: string;
}

async function exchange(name: string, type: string, args: object): Promise<void> {
  const [from, to] = await Promise.all(
    ['source', 'destination'].map((end) =>
      api<Binding[]>('GET', `exchanges/{vhost}/${name}/bindings/${end}`),
    ),
  );
  await api('DELETE', `exchanges/{vhost}/${name}`);
  await api('PUT', `exchanges/{vhost}/${name}`, { type, durable: true, arguments: args });
  for (const { source, destination, destination_type, routing_key } of [...(from ?? []), ...(to ?? [])]) {
    const path = `bindings/{vhost}/e/${source}/${destination_type === 'queue' ? 'q' : 'e'}/${destination}`;
    await api('POST', path, { routing_key });
  }
}

async function queue(name: string, args: object): Promise<void> {
  await api('DELETE', `queues/{vhost}/${name}`);
  await api('PUT', `queues/{vhost}/${name}`, { durable: true, arguments: args });
}

const policy = (kind: string, pattern: string, definition: object) => ({
  plant: () => api('PUT', `${kind}/{vhost}/planted`, { pattern, definition, 'apply-to': 'queues' }),
  remove: () => api('DELETE', `${kind}/{vhost}/planted`),
});
const limit = (name: string, value: number) => ({
  plant: () => api('PUT', `vhost-limits/{vhost}/${name}`, { value }),
  remove: () => api('DELETE', `vhost-limits/{vhost}/${name}`),
});

const INTAKE = {
  'x-queue-type': 'quorum',
  'x-single-active-consumer': true,
  'x-delivery-limit': 1_000_000_000,
};
const MAILBOX = 'relay.unread.alice.topic.reply';

async function fill(service: Service, name: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await service.publish('', name, String(i), { persistent: true });
}

const dropQueue = (service: Service, name: string) => service.channel.deleteQueue(name);

/** In the order in which they are planted, each after the one before was mended. */
export const FAULTS: readonly [string, Fault][] = [
  [
    'an exchange of another type',
    {
      code: 'DOC_EXCHANGE_WRONG',
      level: 'error',
      says: /exchange relay\.app is of type direct, not topic/,
      fix: /-X DELETE http.*\/api\/exchanges\/.*\/relay\.app/,
      plant: () => exchange('relay.app', 'direct', {}),
      remove: () => exchange('relay.app', 'topic', {}),
    },
  ],
  [
    'relay.users without its alternate exchange, so that nothing becomes unread',
    {
      code: 'DOC_PROBE_UNREAD',
      also: ['DOC_EXCHANGE_WRONG'],
      level: 'error',
      says: /away/,
      fix: /relay\.users/,
      plant: () => exchange('relay.users', 'direct', {}),
      remove: () => exchange('relay.users', 'direct', { 'alternate-exchange': 'relay.unread' }),
    },
  ],
  [
    'the exchange of those who are online cut off',
    {
      code: 'DOC_BINDING_MISSING',
      also: ['DOC_PROBE_AMQP'],
      level: 'error',
      says: /exchange relay\.users is not bound to exchange relay\.user with the key #/,
      fix: /-X POST .*http.*\/e\/relay\.user\/e\/relay\.users/,
      plant: (service) => service.channel.unbindExchange('relay.users', 'relay.user', '#'),
      remove: (service) => service.channel.bindExchange('relay.users', 'relay.user', '#'),
    },
  ],
  [
    'the intake unbound',
    {
      code: 'DOC_BINDING_MISSING',
      level: 'error',
      says: /relay\.unread\.intake is not bound to exchange relay\.unread with the key #/,
      fix: /start a relay/,
      plant: (service) => service.channel.unbindQueue('relay.unread.intake', 'relay.unread', '#'),
      remove: (service) => service.channel.bindQueue('relay.unread.intake', 'relay.unread', '#'),
    },
  ],
  [
    'a queue with other arguments',
    {
      code: 'DOC_QUEUE_WRONG',
      level: 'error',
      says: /relay\.directory\.1 has x-single-active-consumer \(none\), not true/,
      fix: /rabbitmqctl delete_queue -p test-\w+ relay\.directory\.1/,
      plant: () => queue('relay.directory.1', { ...INTAKE, 'x-single-active-consumer': undefined }),
      remove: () => queue('relay.directory.1', INTAKE),
    },
  ],
  [
    'a queue that is not there, before a relay runs',
    {
      code: 'DOC_TOPOLOGY_MISSING',
      level: 'note',
      says: /relay\.directory\.2/,
      fix: /start a relay/,
      plant: (service) => dropQueue(service, 'relay.directory.2'),
      remove: () => api('PUT', 'queues/{vhost}/relay.directory.2', { durable: true, arguments: INTAKE }),
    },
  ],
  [
    'a client user who may write to the relay’s exchanges',
    {
      code: 'DOC_CLIENT_REACHES_RELAY',
      level: 'error',
      says: /relay-client.* may write relay\.unread/,
      fix: /set_permissions -p test-\w+ relay-client '\^\(\?!relay/,
      plant: () => permit('relay-client', { configure: OTHERS, read: OTHERS }),
      remove: () => permit('relay-client', { configure: OTHERS, write: OTHERS, read: OTHERS }),
    },
  ],
  [
    'a client user who may not use temporary queues',
    {
      code: 'DOC_CLIENT_PERMISSION',
      level: 'error',
      says: /may not configure amq\.gen-name/,
      fix: /set_permissions/,
      plant: () => permit('relay-client', { configure: '^stomp', write: OTHERS, read: OTHERS }),
      remove: () => permit('relay-client', { configure: OTHERS, write: OTHERS, read: OTHERS }),
    },
  ],
  [
    'a relay user who may not make mailboxes',
    {
      code: 'DOC_PERMISSION_MISSING',
      level: 'error',
      says: /relay may not configure relay\.unread/,
      fix: /set_permissions -p test-\w+ relay '\.\*'/,
      plant: () => permit('relay', { configure: '^(amq|stomp)' }),
      remove: () => permit('relay', {}),
    },
  ],
  [
    'topic permissions that leave out keys',
    {
      code: 'DOC_TOPIC_PERMISSION',
      also: ['DOC_PROBE_WEB_STOMP'],
      level: 'error',
      says: /relay may use only some keys of amq\.topic/,
      fix: /clear_topic_permissions -p test-\w+ relay amq\.topic/,
      plant: () =>
        api('PUT', 'topic-permissions/{vhost}/relay', {
          exchange: 'amq.topic',
          write: '^public',
          read: '.*',
        }),
      remove: () => api('DELETE', 'topic-permissions/{vhost}/relay'),
    },
  ],
  [
    'a policy that lets unread mail end early',
    {
      code: 'DOC_POLICY_TTL',
      level: 'error',
      says: /policy "planted" .*message-ttl 60000 on .*mailboxes/,
      fix: /rabbitmqctl clear_policy -p test-\w+ planted/,
      ...policy('policies', '^relay\\.unread\\.', { 'message-ttl': 60_000 }),
    },
  ],
  [
    'an operator policy that bounds all queues',
    {
      code: 'DOC_POLICY_LENGTH',
      also: ['DOC_POLICY_CLIENT_QUEUES'],
      level: 'error',
      says: /operator policy "planted" .*max-length 1000 on relay\.unread\.intake/,
      fix: /clear_operator_policy/,
      ...policy('operator-policies', '.*', { 'max-length': 1000 }),
    },
  ],
  [
    'a limit on queues that is reached',
    {
      code: 'DOC_QUEUES_FULL',
      also: ['DOC_PROBE_AMQP', 'DOC_PROBE_UNREAD', 'DOC_PROBE_WEB_STOMP', 'DOC_PROBE_CLIENT'],
      level: 'error',
      says: /may have 8 queues/,
      fix: /set_vhost_limits/,
      ...limit('max-queues', 8),
    },
  ],
  [
    'a limit on connections',
    {
      code: 'DOC_CONNECTIONS_FULL',
      level: 'error',
      says: /may have 1 connections/,
      fix: /set_vhost_limits/,
      ...limit('max-connections', 1),
    },
  ],
  [
    'what a dead relay left behind',
    {
      code: 'DOC_NODE_ORPHANED',
      level: 'warning',
      says: /relay\.node\.dead: nobody reads it, and it holds 2 messages/,
      fix: /start a relay/,
      plant: async (service) => {
        await service.channel.assertQueue('relay.node.dead', { durable: true });
        await fill(service, 'relay.node.dead', 2);
      },
      remove: (service) => dropQueue(service, 'relay.node.dead'),
    },
  ],
  [
    'an exchange of a dead relay with nothing behind it',
    {
      code: 'DOC_NODE_QUEUELESS',
      level: 'error',
      says: /relay\.node\.dead/,
      fix: /DELETE/,
      plant: (service) => service.channel.assertExchange('relay.node.dead', 'fanout'),
      remove: (service) => service.channel.deleteExchange('relay.node.dead'),
    },
  ],
  [
    'unread mail that nobody sorts',
    {
      code: 'DOC_INTAKE_WAITING',
      level: 'warning',
      says: /1 messages wait in relay\.unread\.intake/,
      fix: /start a relay/,
      plant: (service) => service.toUser('alice', 'topic.reply', 'hello'),
      remove: (service) => service.channel.purgeQueue('relay.unread.intake'),
    },
  ],
  [
    'unread mail that nobody sorts though a relay is there',
    {
      code: 'DOC_KEEPER_MISSING',
      level: 'error',
      says: /1 messages wait .*though a relay runs/,
      fix: /start the relays again/,
      plant: async (service) => {
        await service.channel.assertQueue('relay.node.alive', { durable: true });
        await service.channel.consume('relay.node.alive', () => {});
        await service.toUser('alice', 'topic.reply', 'hello');
      },
      remove: async (service) => {
        await dropQueue(service, 'relay.node.alive');
        await service.channel.purgeQueue('relay.unread.intake');
      },
    },
  ],
  [
    'messages that can never be delivered',
    {
      code: 'DOC_REJECTED',
      level: 'warning',
      says: /2 messages in relay\.unread\.rejected/,
      fix: /purge_queue -p test-\w+ relay\.unread\.rejected/,
      plant: (service) => fill(service, 'relay.unread.rejected', 2),
      remove: (service) => service.channel.purgeQueue('relay.unread.rejected'),
    },
  ],
  [
    'a mailbox that is full',
    {
      code: 'DOC_MAILBOX_FULL',
      also: ['DOC_MAILBOX_SETTINGS'],
      level: 'warning',
      says: /relay\.unread\.alice\.topic\.reply \(100 %\)/,
      fix: /RELAY_MAILBOX_LENGTH/,
      plant: async (service) => {
        await service.channel.assertQueue(MAILBOX, { durable: true, maxLength: 3 });
        await fill(service, MAILBOX, 5);
      },
      remove: (service) => dropQueue(service, MAILBOX),
    },
  ],
];
