import { BlockedError } from '../../broker/visit.js';
import type { Check } from '../check.js';
import { type Examination, unlessLost } from '../examination.js';
import { type Finding, found, NotChecked, unchecked } from '../finding.js';
import type { BrokerNode } from '../nodes.js';
import { command } from '../shell.js';

/** How much of what the broker may use is used when that is near. */
const NEAR = 0.9;

const LESS_MEMORY =
  'have consumers catch up, give it more memory, or raise vm_memory_high_watermark.relative (0.6) in rabbitmq.conf';
const LESS_DISK = 'make room on the disk of its data, or lower disk_free_limit.absolute in rabbitmq.conf';

export const alarms: Check = {
  name: 'alarms',
  about: 'alarms and the nodes of the cluster',
  async *run(examination) {
    const reason = await shortage(examination);
    let seen: readonly Finding[] = [];
    try {
      seen = judgeNodes(await examination.management.get<BrokerNode[]>('nodes'));
    } catch (error) {
      yield unchecked('how near alarms are, and the nodes of the cluster', (error as Error).message);
    }
    // The management looks at itself every few seconds only, and says more where it knows of it.
    const alarm = seen.filter(({ code }) => code === 'DOC_ALARM');
    if (reason === 'unknown') yield* alarm;
    else if (reason !== undefined) yield* alarm.length > 0 ? alarm : [alarmOf(reason)];
    yield* seen.filter((finding) => !alarm.includes(finding));
  },
};

function alarmOf(reason: string): Finding {
  const fix = reason.includes('disk') ? LESS_DISK : LESS_MEMORY;
  return found('DOC_ALARM', `the broker takes no messages: ${reason}`, fix);
}

/** What the broker says that it is short of when something is published; undefined when it takes messages. */
async function shortage(examination: Examination): Promise<string | undefined> {
  try {
    await (await unlessLost(examination.publishing())).publishRefusal('', examination.id);
    return undefined;
  } catch (error) {
    if (error instanceof BlockedError) return error.message;
    if (error instanceof NotChecked) return 'unknown';
    throw error;
  }
}

export function judgeNodes(nodes: readonly BrokerNode[]): Finding[] {
  return nodes.flatMap(judgeNode);
}

function judgeNode(node: BrokerNode): Finding[] {
  const { name } = node;
  if (!node.running) {
    return [
      found(
        'DOC_NODE_DOWN',
        `node ${name} is down`,
        `start it; or, if it is gone for good: ${command('rabbitmqctl', 'forget_cluster_node', name)}`,
      ),
    ];
  }
  const findings: Finding[] = [];
  const { mem_used = 0, mem_limit = Number.POSITIVE_INFINITY, disk_free = Number.POSITIVE_INFINITY } = node;
  // While it has not been looked at, it is a word.
  const diskLimit = typeof node.disk_free_limit === 'number' ? node.disk_free_limit : 0;
  const memory = `${name} uses ${megabytes(mem_used)} of the ${megabytes(mem_limit)} of memory that it may`;
  const disk = `${name} has ${megabytes(disk_free)} of free disk, and stops at ${megabytes(diskLimit)}`;
  if (node.mem_alarm) findings.push(found('DOC_ALARM', memory, LESS_MEMORY));
  else if (mem_used > mem_limit * NEAR) findings.push(found('DOC_ALARM_NEAR', memory, LESS_MEMORY));
  if (node.disk_free_alarm) findings.push(found('DOC_ALARM', disk, LESS_DISK));
  else if (disk_free * NEAR < diskLimit) findings.push(found('DOC_ALARM_NEAR', disk, LESS_DISK));
  const { partitions = [] } = node;
  if (partitions.length > 0) {
    const what = `${name} does not see ${partitions.join(', ')}`;
    findings.push(
      found(
        'DOC_PARTITION',
        what,
        'restart the nodes of the smaller side; cluster_partition_handling = pause_minority keeps it from happening',
      ),
    );
  }
  if (node.being_drained) {
    findings.push(
      found(
        'DOC_MAINTENANCE',
        `node ${name} is in maintenance mode`,
        `${command('rabbitmq-upgrade', '-n', name, 'revive')} when it is done`,
      ),
    );
  }
  return findings;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
