import type { Check } from '../check.js';
import { type Finding, found } from '../finding.js';
import type { BrokerNode } from '../nodes.js';
import { command } from '../shell.js';

interface QuorumQueue {
  readonly name: string;
  readonly type: string;
  readonly members?: readonly string[];
  readonly online?: readonly string[];
}

/** Members that a queue should have where there are so many nodes. */
const ENOUGH = 3;
/** Queues that are named; more are counted. */
const SHOWN = 5;

export const quorum: Check = {
  name: 'quorum',
  about: 'members of quorum queues',
  async *run({ management, vhost }) {
    const [nodes, queues] = await Promise.all([
      management.get<BrokerNode[]>('nodes'),
      management.list<QuorumQueue>('queues', '^relay\\.', 'name,type,members,online'),
    ]);
    yield* judgeQuorums(queues.items, nodes.length, vhost);
  },
};

export function judgeQuorums(queues: readonly QuorumQueue[], nodes: number, vhost: string): Finding[] {
  const replicated = queues.filter(({ type, members }) => type === 'quorum' && members !== undefined);
  const lost = replicated.filter(({ members = [], online = [] }) => online.length * 2 <= members.length);
  const few = replicated.filter(({ members = [] }) => members.length < Math.min(nodes, ENOUGH));
  return [
    lost.length === 0
      ? []
      : found(
          'DOC_QUORUM_LOST',
          `without most of their members: ${shown(lost)}`,
          'start the nodes that are down (rabbitmq-diagnostics check_if_node_is_quorum_critical tells before one is stopped)',
        ),
    few.length === 0
      ? []
      : found(
          'DOC_QUORUM_FEW',
          `on fewer nodes than there are (${nodes}): ${shown(few)}`,
          `${command('rabbitmq-queues', 'grow', '<node>', 'all', '--vhost-pattern', vhost, '--queue-pattern', '^relay\\.')} for each node`,
        ),
  ].flat();
}

function shown(queues: readonly QuorumQueue[]): string {
  const names = queues
    .slice(0, SHOWN)
    .map(({ name, online = [], members = [] }) => `${name} (${online.length} of ${members.length})`);
  return [...names, ...(queues.length > SHOWN ? [`and ${queues.length - SHOWN} more`] : [])].join(', ');
}
