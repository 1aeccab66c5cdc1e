import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, inject } from 'vitest';
import { provideBroker } from './broker.js';
import { manage } from './management.js';

// The relays of one virtual host work together: one of them keeps everybody's unread mail, and they bury each other.
// Relays that a test cuts off or ends must not do that to the messages of another file's test.
const node = inject('sharedNode');
const vhost = `test-${randomBytes(6).toString('hex')}`;

type Listed = { vhost: string }[];
interface Definitions {
  permissions: { user: string; configure: string; write: string; read: string }[];
  exchanges: Listed;
  queues: Listed;
  bindings: Listed;
}

const file = new URL('../../../rabbitmq/definitions.json', import.meta.url);
const { permissions, exchanges, queues, bindings } = JSON.parse(readFileSync(file, 'utf8')) as Definitions;
const here = (list: Listed) => list.map(({ vhost, ...rest }) => rest);

await manage(node, 'PUT', `vhosts/${vhost}`);
afterAll(() => manage(node, 'DELETE', `vhosts/${vhost}`));
for (const { user, configure, write, read } of permissions) {
  await manage(node, 'PUT', `permissions/${vhost}/${user}`, { configure, write, read });
}
const declared = { exchanges: here(exchanges), queues: here(queues), bindings: here(bindings) };
await manage(node, 'POST', `definitions/${vhost}`, declared);

provideBroker({ ...node, amqpUrl: `${node.amqpUrl}/${vhost}`, vhost });
