import type { RelayConfig } from '../../config.js';
import type { Check } from '../check.js';
import { type Finding, found, type Told } from '../finding.js';
import { type Limits, limitsOf } from '../limits-of.js';
import { command, ctl } from '../shell.js';

/** Channels of a relay's connections beside those of bindings and leases. */
const OTHER_CHANNELS = 64;
const NEAR = 0.9;

export const limits: Check = {
  name: 'limits',
  about: 'limits of the virtual host and of the users',
  async *run({ management, config, vhost, login }) {
    const { clientLogin, clientSeparated } = config.broker;
    const [own, queues, connections] = await Promise.all([
      limitsOf(management, login),
      management.list('queues', '.', 'name', { size: 1 }),
      management.get<unknown[]>('vhosts/{vhost}/connections?columns=name'),
    ]);
    yield* judgeVhost(own.vhost, { queues: queues.filtered_count, connections: connections.length }, vhost);
    yield* judgeUser(own.user, login, config.env);
    if (!clientSeparated) return;
    const { user } = await limitsOf(management, clientLogin);
    yield* judgeClient(user, clientLogin);
  },
};

export function judgeVhost(
  limits: Limits,
  used: { queues: number; connections: number },
  vhost: string,
): Told[] {
  const told: Told[] = [];
  const { 'max-queues': queues, 'max-connections': connections } = limits;
  const fix = (what: string) => ctl('set_vhost_limits', vhost, `{"${what}": -1}`);
  if (queues !== undefined) {
    const full = used.queues >= queues * NEAR;
    told.push(
      found(
        full ? 'DOC_QUEUES_FULL' : 'DOC_QUEUES_LIMITED',
        `the virtual host may have ${queues} queues, and has ${used.queues}`,
        fix('max-queues'),
      ),
    );
  }
  if (connections !== undefined) {
    const full = used.connections >= connections * NEAR;
    told.push(
      found(
        full ? 'DOC_CONNECTIONS_FULL' : 'DOC_CONNECTIONS_LIMITED',
        `the virtual host may have ${connections} connections, and has ${used.connections}`,
        fix('max-connections'),
      ),
    );
  }
  return told;
}

/** What a relay opens with these settings, when everything is in use. */
export function channelsOf({ RELAY_BINDING_CHANNELS, RELAY_MAX_LEASES }: RelayConfig['env']): number {
  return RELAY_BINDING_CHANNELS + RELAY_MAX_LEASES + OTHER_CHANNELS;
}

function judgeUser(limits: Limits, user: string, env: RelayConfig['env']): Finding[] {
  const { 'max-channels': channels, 'max-connections': connections } = limits;
  const findings: Finding[] = [];
  if (channels !== undefined && channels < channelsOf(env)) {
    findings.push(
      found(
        'DOC_CHANNELS_LIMITED',
        `${user} may have ${channels} channels, and each relay opens up to ${channelsOf(env)}`,
        command('rabbitmqctl', 'clear_user_limits', user, 'max-channels'),
      ),
    );
  }
  if (connections !== undefined) {
    findings.push(
      found(
        'DOC_CONNECTIONS_LIMITED',
        `${user} may have ${connections} connections; each relay has ${env.RELAY_SEND_LINKS + 4}`,
        command('rabbitmqctl', 'clear_user_limits', user, 'max-connections'),
      ),
    );
  }
  return findings;
}

function judgeClient(limits: Limits, user: string): Finding[] {
  return (['max-connections', 'max-channels'] as const).flatMap((what) => {
    const limit = limits[what];
    if (limit === undefined) return [];
    const things = what === 'max-channels' ? 'channels' : 'connections';
    return found(
      'DOC_CONNECTIONS_LIMITED',
      `${user}, the user of private links, may have ${limit} ${things}`,
      command('rabbitmqctl', 'clear_user_limits', user, what),
    );
  });
}
