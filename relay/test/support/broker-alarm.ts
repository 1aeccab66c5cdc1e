import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { nodeEnvironment, nodePaths } from '../../../rabbitmq/launcher/files.js';
import { loadIdentity } from '../../../rabbitmq/launcher/identity.js';
import { locateInstallation } from '../../../rabbitmq/launcher/locate.js';

/** The watermark of `rabbitmq.conf`'s default, and one that every node is above. */
const NORMAL = '0.4';
const EXCEEDED = '0.00001';

/** Raises or ends the memory alarm of a private node: while it lasts the broker stops reading from publishers. */
export async function memoryAlarm(dataDir: string, on: boolean): Promise<void> {
  const identity = loadIdentity(dataDir);
  if (!identity.ports) throw new Error(`no node has run in ${dataDir}`);
  const ctl = join(dirname(locateInstallation().server), 'rabbitmqctl');
  const env = nodeEnvironment(nodePaths(dataDir), identity, identity.ports);
  const args = ['-n', identity.nodeName, 'set_vm_memory_high_watermark', on ? EXCEEDED : NORMAL];
  // The arguments of the server are none of the tool's.
  await promisify(execFile)(ctl, args, { env: { ...env, RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '' } });
}
