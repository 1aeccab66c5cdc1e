import type { Check } from '../check.js';
import { type Finding, found } from '../finding.js';
import type { BrokerNode } from '../nodes.js';

const NEAR = 0.8;
const ENOUGH_FILES = 10_000;

export const resources: Check = {
  name: 'resources',
  about: 'files, sockets and processes left to the broker',
  async *run({ management }) {
    yield* judgeResources(await management.get<BrokerNode[]>('nodes'));
  },
};

const FILES = 'LimitNOFILE=65536 in the systemd unit of RabbitMQ (ulimit -n 65536), and a restart';

export function judgeResources(nodes: readonly BrokerNode[]): Finding[] {
  return nodes.flatMap((node) => {
    const { name, fd_total } = node;
    const used = [
      ['file descriptors', node.fd_used, fd_total, FILES],
      ['sockets', node.sockets_used, node.sockets_total, FILES],
      [
        'Erlang processes',
        node.proc_used,
        node.proc_total,
        'RABBITMQ_MAX_NUMBER_OF_PROCESSES=2097152 in rabbitmq-env.conf, and a restart',
      ],
    ] as const;
    const short = used.flatMap(([what, count = 0, most = 0, fix]) =>
      most > 0 && count > most * NEAR
        ? found('DOC_RESOURCES_SHORT', `${name} uses ${count} of its ${most} ${what}`, fix)
        : [],
    );
    const few =
      fd_total && fd_total < ENOUGH_FILES
        ? [found('DOC_FILES_FEW', `${name} may open ${fd_total} files`, FILES)]
        : [];
    return [...short, ...few];
  });
}
