import { isDeepStrictEqual } from 'node:util';
import {
  revocationQueue,
  type SharedExchange,
  type SharedQueue,
  sharedBindings,
  sharedExchanges,
  sharedQueues,
} from '../../broker/topology.js';
import type { Check } from '../check.js';
import { type Examination, unlessLost } from '../examination.js';
import { type Finding, found, type Told, unchecked } from '../finding.js';
import { ctl, curl } from '../shell.js';

/** An exchange or a queue, as lists of the management have it. */
interface Listed {
  readonly name: string;
  /** Of an exchange, `topic` and the like. */
  readonly type?: string;
  readonly durable: boolean;
  readonly auto_delete: boolean;
  readonly internal?: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
}

interface Binding {
  readonly routing_key: string;
}

const OWN = '^relay\\.';
const ALL_QUEUES = [...sharedQueues, revocationQueue];
const COLUMNS = 'name,type,durable,auto_delete,internal,arguments';
const OWN_QUEUES = `^(${ALL_QUEUES.map(({ name }) => name.replaceAll('.', '\\.')).join('|')})$`;

export const topology: Check = {
  name: 'topology',
  about: 'exchanges, queues and bindings of the relay',
  async *run(examination) {
    const missing = await missingNames(examination);
    yield* judgeMissing(missing, await examination.hasKeeper());
    let management: Examination['management'];
    try {
      management = examination.management;
    } catch (error) {
      yield unchecked('kinds and arguments of exchanges and queues, and bindings', (error as Error).message);
      return;
    }
    const there = <T extends { name: string }>(list: readonly T[]) =>
      list.filter(({ name }) => !missing.includes(name));
    const [exchanges, queues] = await Promise.all([
      management.list<Listed>('exchanges', OWN, COLUMNS),
      management.list<Listed>('queues', OWN_QUEUES, COLUMNS),
    ]);
    for (const exchange of there(sharedExchanges)) {
      yield* judgeExchange(
        exchange,
        exchanges.items.find(({ name }) => name === exchange.name),
        examination,
      );
    }
    for (const queue of there(ALL_QUEUES)) {
      yield* judgeQueue(
        queue,
        queues.items.find(({ name }) => name === queue.name),
        examination.vhost,
      );
    }
    for (const { source, to, destination, key } of sharedBindings) {
      if (missing.includes(source) || missing.includes(destination)) continue;
      const path = `bindings/{vhost}/e/${source}/${to === 'queue' ? 'q' : 'e'}/${destination}`;
      const bindings = await management.read<Binding[]>(path);
      if (bindings?.some(({ routing_key }) => routing_key === key)) continue;
      yield found(
        'DOC_BINDING_MISSING',
        `${to} ${destination} is not bound to exchange ${source}${key === '' ? '' : ` with the key ${key}`}`,
        `start a relay, or start one again: it binds them; or ${curl(examination, 'POST', path, { routing_key: key })}`,
      );
    }
  },
};

/** What the broker has no object of. */
async function missingNames(examination: Examination): Promise<string[]> {
  const visit = await unlessLost(examination.looking());
  const there = await Promise.all([
    ...sharedExchanges.map(async ({ name }) => ({ name, is: await visit.hasExchange(name) })),
    ...ALL_QUEUES.map(async ({ name }) => ({ name, is: (await visit.queue(name)) !== undefined })),
  ]);
  return there.filter(({ is }) => !is).map(({ name }) => name);
}

/** @param served a relay runs, and has declared them */
function judgeMissing(missing: readonly string[], served: boolean): Told[] {
  if (missing.length === 0) return [];
  const all = missing.length === sharedExchanges.length + ALL_QUEUES.length;
  const what = all ? 'nothing of the relay’s is there yet' : `missing: ${missing.join(', ')}`;
  return [
    served
      ? found('DOC_TOPOLOGY_GONE', what, 'start the relays again, one after the other: each declares them')
      : found('DOC_TOPOLOGY_MISSING', what, 'start a relay'),
  ];
}

function judgeExchange(wanted: SharedExchange, is: Listed | undefined, examination: Examination): Finding[] {
  if (!is) return [];
  const faults = [
    is.type !== wanted.type && `is of type ${is.type}, not ${wanted.type}`,
    ...common(is),
    is.internal === true && 'is internal, so nobody can publish to it',
    ...argumentFaults(is.arguments, wanted.arguments),
  ].filter((fault) => typeof fault === 'string');
  if (faults.length === 0) return [];
  return [
    found(
      'DOC_EXCHANGE_WRONG',
      `exchange ${wanted.name} ${faults.join(', ')}`,
      `stop the relays, ${curl(examination, 'DELETE', `exchanges/{vhost}/${wanted.name}`)}, and start them: they declare it`,
    ),
  ];
}

function judgeQueue(wanted: SharedQueue, is: Listed | undefined, vhost: string): Finding[] {
  if (!is) return [];
  const faults = [...common(is), ...argumentFaults(is.arguments, wanted.arguments)];
  if (faults.length === 0) return [];
  return [
    found(
      'DOC_QUEUE_WRONG',
      `queue ${wanted.name} ${faults.join(', ')}`,
      `stop the relays, move what is in it elsewhere (rabbitmq_shovel), ${ctl('delete_queue', vhost, wanted.name)}, and start them: they declare it`,
    ),
  ];
}

function common({ durable, auto_delete }: Listed): string[] {
  return [durable ? [] : 'is not durable', auto_delete ? 'is deleted when it is no longer used' : []].flat();
}

function argumentFaults(is: Listed['arguments'], wanted: Listed['arguments']): string[] {
  const names = [...new Set([...Object.keys(is), ...Object.keys(wanted)])];
  return names
    .filter((name) => !isDeepStrictEqual(is[name], wanted[name]) && !isDefault(name, is, wanted))
    .map((name) => `has ${name} ${shown(is[name])}, not ${shown(wanted[name])}`);
}

/** RabbitMQ 4 writes the kind of a queue into its arguments itself. */
function isDefault(name: string, is: Listed['arguments'], wanted: Listed['arguments']): boolean {
  return name === 'x-queue-type' && wanted[name] === undefined && is[name] === 'classic';
}

function shown(value: unknown): string {
  return value === undefined ? '(none)' : JSON.stringify(value);
}
