import { names, nodeQueueName, sharedExchanges, sharedQueues } from '../../broker/topology.js';
import type { Check } from '../check.js';
import { type Finding, found } from '../finding.js';
import { missingOf, type Needs, type Permission, permits } from '../permission.js';
import { ctl } from '../shell.js';

interface TopicPermission {
  readonly exchange: string;
  readonly write: string;
  readonly read: string;
}

const NODE = nodeQueueName('name');
const MAILBOX = 'relay.unread.alice.topic.reply';
const EXCHANGES = sharedExchanges.map(({ name }) => name);
const QUEUES = [...sharedQueues.map(({ name }) => name), names.revocations, MAILBOX, NODE];

/** What the relay does: declare and delete; bind and publish; bind from and consume. */
const NEEDS: Needs = {
  configure: [...EXCHANGES, ...QUEUES, 'amq.gen-name', 'stomp-subscription-name'],
  write: [...EXCHANGES, ...QUEUES, 'amq.default', names.topic, 'amq.gen-name', 'stomp-subscription-name'],
  read: [...EXCHANGES, ...QUEUES, names.topic, 'amq.gen-name', 'stomp-subscription-name'],
};

export const permissions: Check = {
  name: 'permissions',
  about: 'permissions of the relay’s broker user',
  async *run({ config, management, vhost, login }) {
    const own = [...new Set([login, config.broker.login])];
    for (const user of own) {
      const path = encodeURIComponent(user);
      yield* judgeOwn(user, vhost, await management.read<Permission>(`permissions/{vhost}/${path}`));
      const topics = await management.read<TopicPermission[]>(`topic-permissions/{vhost}/${path}`);
      yield* judgeTopics(user, vhost, topics ?? []);
    }
  },
};

export function judgeOwn(user: string, vhost: string, permission: Permission | undefined): Finding[] {
  // A user whom the broker knows by other means (LDAP, OAuth) is not listed; the probe shows what it may.
  if (!permission) return [];
  const missing = missingOf(permission, NEEDS);
  if (missing.length === 0) return [];
  return [
    found(
      'DOC_PERMISSION_MISSING',
      `${user} may not ${missing.join(', nor ')}`,
      ctl('set_permissions', vhost, user, '.*', '.*', '.*'),
    ),
  ];
}

function judgeTopics(user: string, vhost: string, topics: readonly TopicPermission[]): Finding[] {
  const key = 'alice.topic.reply';
  return topics
    .filter(({ exchange }) => exchange === names.topic || exchange.startsWith('relay.'))
    .filter(({ write, read }) => !permits(write, key) || !permits(read, key))
    .map(({ exchange, write, read }) =>
      found(
        'DOC_TOPIC_PERMISSION',
        `${user} may use only some keys of ${exchange} (write ${write}, read ${read})`,
        ctl('clear_topic_permissions', vhost, user, exchange),
      ),
    );
}
