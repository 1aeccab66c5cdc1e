import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { NodeIdentity } from '../../../rabbitmq/launcher/identity.js';
import type { Broker } from '../../../rabbitmq/launcher/index.js';

/** Takes the leader of a quorum queue away, and all that could follow it, or brings them back with what they had. */
export async function quorum(
  nodes: readonly Broker[],
  queue: string,
  what: 'stops' | 'comes back',
): Promise<void> {
  const identities = nodes.map(
    ({ dataDir }) => JSON.parse(readFileSync(join(dataDir, 'node.json'), 'utf8')) as NodeIdentity,
  );
  const [first] = identities;
  if (!first) throw new Error('there is no node');
  const names = identities.map(({ nodeName }) => `'${nodeName}'`).join(',');
  const call =
    what === 'stops'
      ? 'ok = rpc:call(N, ra, stop_server, [quorum_queues, {Name, N}])'
      : '{[_], []} = rpc:call(N, rabbit_quorum_queue, recover, [<<"/">>, [Q]])';
  const program = `
    {ok, Q} = rpc:call('${first.nodeName}', rabbit_amqqueue, lookup, [{resource, <<"/">>, queue, <<"${queue}">>}]),
    {Name, _} = rpc:call('${first.nodeName}', amqqueue, get_pid, [Q]),
    [${call} || N <- [${names}]],
    _ = Name, halt(0).`;
  const self = `test-${process.pid}-${Date.now()}@localhost`;
  const args = ['-noshell', '-hidden', '-start_epmd', 'false', '-sname', self, '-eval', program];
  await promisify(execFile)('erl', args, {
    env: {
      PATH: process.env.PATH ?? '',
      // Where the cookie is.
      HOME: join(nodes[0]?.dataDir ?? '', 'home'),
      ERL_EPMD_PORT: String(first.ports?.epmd),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      ERL_CRASH_DUMP_BYTES: '0',
    },
    timeout: 30_000,
  });
}
