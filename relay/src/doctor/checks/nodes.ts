import { setTimeout as delay } from 'node:timers/promises';
import { nodeExchangeName } from '../../broker/topology.js';
import type { Check } from '../check.js';
import type { Examination } from '../examination.js';
import { found, measured } from '../finding.js';
import { ctl, curl } from '../shell.js';

const OWN = `^${nodeExchangeName('').replaceAll('.', '\\.')}`;
/** Relays bury each other within RELAY_NODE_GRACE and a little; a relay that starts has its queue a moment before its consumer. */
const PATIENCE_MS = 1000;
const LOOK_MS = 100;

interface Named {
  readonly name: string;
}

interface Bound extends Named {
  readonly messages: number;
}

export const nodes: Check = {
  name: 'nodes',
  about: 'queues of relays that are gone',
  async *run(examination) {
    const { management, vhost, config } = examination;
    const [queues, exchanges] = await Promise.all([
      management.list<Named>('queues', OWN, 'name'),
      management.list<Named>('exchanges', OWN, 'name'),
    ]);
    const names = queues.items.map(({ name }) => name);
    const served = await examination.hasKeeper();
    const until = Date.now() + (served ? PATIENCE_MS + config.env.RELAY_NODE_GRACE : 0);
    let orphans = await orphansOf(examination, names);
    while (orphans.length > 0 && Date.now() < until) {
      await delay(LOOK_MS);
      orphans = await orphansOf(examination, names);
    }
    yield measured('relays at the broker', names.length - orphans.length);
    for (const { name, messages } of orphans) {
      yield found(
        'DOC_NODE_ORPHANED',
        `${name}: nobody reads it, and it holds ${messages} messages${served ? ', though a relay runs that should clear it away' : ''}`,
        served
          ? `${curl(examination, 'DELETE', `exchanges/{vhost}/${name}`)}; when it is empty, ${ctl('delete_queue', vhost, name, '--if-empty')}`
          : 'start a relay: it makes them unread and removes the queue',
      );
    }
    for (const { name } of exchanges.items) {
      if (names.includes(name) || (await examination.queue(name)) !== undefined) continue;
      yield found(
        'DOC_NODE_QUEUELESS',
        `exchange ${name} has no queue behind it, and takes messages for its users`,
        curl(examination, 'DELETE', `exchanges/{vhost}/${name}`),
      );
    }
  },
};

async function orphansOf(examination: Examination, names: readonly string[]): Promise<Bound[]> {
  const states = await Promise.all(
    names.map(async (name) => ({ name, state: await examination.queue(name) })),
  );
  return states.flatMap(({ name, state }) =>
    state && state.consumers === 0 ? [{ name, messages: state.messages }] : [],
  );
}
