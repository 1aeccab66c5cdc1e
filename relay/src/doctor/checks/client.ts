import { names, sharedExchanges, sharedQueues } from '../../broker/topology.js';
import type { Check } from '../check.js';
import { type Examination, unlessLost } from '../examination.js';
import { found, type Told, unchecked } from '../finding.js';
import { missingOf, type Needs, type Permission, reachedOf } from '../permission.js';
import { command, ctl } from '../shell.js';

/** All names but the relay's own. */
const OTHERS = '^(?!relay\\.).*';
const RESERVED = [
  ...[...sharedExchanges, ...sharedQueues].map(({ name }) => name),
  ...[names.revocations, 'relay.node.name', 'relay.unread.alice.topic.reply', 'relay.anything'],
];

/** What private links do, whatever the access file lets clients do besides. */
const NEEDS: Needs = {
  configure: ['amq.gen-name', 'stomp-subscription-name'],
  write: ['amq.gen-name', 'stomp-subscription-name', 'amq.default', names.topic],
  read: ['amq.gen-name', 'stomp-subscription-name', names.topic],
};

export const client: Check = {
  name: 'client',
  about: 'what the user of private links may do',
  async *run(examination) {
    const { clientLogin: user, clientSeparated } = examination.config.broker;
    const permit = (who: string) => ctl('set_permissions', examination.vhost, who, OTHERS, OTHERS, OTHERS);
    if (!clientSeparated) {
      yield found(
        'DOC_CLIENT_SHARED',
        'private links sign in as the relay itself',
        `rabbitmqctl add_user relay-client <password>, ${permit('relay-client')}, and set RABBITMQ_CLIENT_USERNAME and RABBITMQ_CLIENT_PASSWORD`,
      );
      return;
    }
    if (user === 'guest') {
      const fix = `rabbitmqctl add_user relay-client <password>, and ${permit('relay-client')}`;
      yield found('DOC_GUEST', 'private links sign in as guest', fix);
    }
    const listed = await readUser(examination, user);
    if ('kind' in listed) yield listed;
    const permission = 'kind' in listed ? undefined : listed.permission;
    // Permissions first: they say it more exactly.
    const reached = permission ? reachedOf(permission, RESERVED) : [];
    if (reached.length === 0) reached.push(...(await tryOut(examination)));
    if (reached.length > 0) {
      const what = `${user}, the user of private links, may ${reached.join(', ')}`;
      yield found('DOC_CLIENT_REACHES_RELAY', what, permit(user));
    }
    const missing = permission ? missingOf(permission, NEEDS) : [];
    if (missing.length > 0) {
      const what = `${user}, the user of private links, may not ${missing.join(', nor ')}`;
      yield found('DOC_CLIENT_PERMISSION', what, permit(user));
    }
    if (!('kind' in listed) && listed.tags.includes('administrator')) {
      yield found(
        'DOC_CLIENT_ADMINISTRATOR',
        `${user}, the user of private links, is an administrator of the broker`,
        `${command('rabbitmqctl', 'set_user_tags', user)} (without a tag)`,
      );
    }
  },
};

interface Listed {
  readonly permission: Permission | undefined;
  readonly tags: string | readonly string[];
}

async function readUser(examination: Examination, user: string): Promise<Listed | Told> {
  const path = encodeURIComponent(user);
  try {
    const { management } = examination;
    const [permission, listed] = await Promise.all([
      management.read<Permission>(`permissions/{vhost}/${path}`),
      management.read<{ tags: Listed['tags'] }>(`users/${path}`),
    ]);
    return { permission, tags: listed?.tags ?? [] };
  } catch (error) {
    return unchecked(`permissions and tags of ${user}`, (error as Error).message);
  }
}

/** Not what permissions look like, but what the broker does: it may know the user by other means than its own lists. */
async function tryOut(examination: Examination): Promise<string[]> {
  const visit = await unlessLost(examination.client());
  const nobody = `${examination.id}.x`;
  const [declare, publish, bind, bindUsers] = await Promise.all([
    visit.declareRefusal(`relay.${examination.id}`),
    // With a key for which nobody listens.
    visit.publishRefusal(names.changed, nobody),
    visit.bindRefusal(names.user, nobody),
    visit.bindRefusal(names.users, nobody),
  ]);
  return [
    declare === undefined ? 'declare queues whose names begin with relay.' : [],
    publish === undefined ? `publish to ${names.changed}` : [],
    bind === undefined ? `listen to ${names.user}` : [],
    bindUsers === undefined ? `listen to ${names.users}` : [],
  ].flat();
}
