import type { Check } from '../check.js';
import { VISITOR } from '../examination.js';
import { type Finding, found, measured, type Told } from '../finding.js';

export interface Connection {
  readonly name: string;
  readonly user?: string;
  readonly protocol?: string;
  readonly state?: string;
  readonly client_properties?: { readonly connection_name?: string };
}

export interface NodeQueue {
  readonly name: string;
  readonly messages_unacknowledged?: number;
  readonly messages_ready?: number;
}

/** How relays name their AMQP connections. */
const RELAY = /^relay [A-Za-z0-9_-]+$/;
const HELD = ['flow', 'blocked', 'blocking'];
/** How much of RELAY_USER_PREFETCH may be unproved. */
const NEAR = 0.9;

export const serving: Check = {
  name: 'serving',
  about: 'how relays that run get on with the broker',
  async *run({ management, config }) {
    const [connections, queues] = await Promise.all([
      management.get<Connection[]>(
        'vhosts/{vhost}/connections?columns=name,user,protocol,state,client_properties.connection_name',
      ),
      management.list<NodeQueue>('queues', '^relay\\.node\\.', 'name,messages_unacknowledged,messages_ready'),
    ]);
    yield* judgeConnections(connections);
    yield* judgeUnacked(queues.items, config.env.RELAY_USER_PREFETCH);
  },
};

export function judgeConnections(connections: readonly Connection[]): Told[] {
  const relays = connections.filter(({ client_properties: properties }) =>
    RELAY.test(properties?.connection_name ?? ''),
  );
  const links = connections.filter(({ protocol }) => protocol?.includes('STOMP'));
  const held = connections.filter(
    ({ state = '', client_properties: properties }) =>
      HELD.includes(state) && !properties?.connection_name?.startsWith(VISITOR),
  );
  const told: Told[] = [
    measured('AMQP connections of relays', relays.length),
    measured('Web-STOMP connections', links.length),
  ];
  if (held.length > 0) {
    const shown = held.slice(0, 5).map(({ name, user, state }) => `${name} of ${user} (${state})`);
    told.push(
      found(
        'DOC_FLOW',
        `${held.length} connections are held back: ${shown.join(', ')}`,
        'nothing, when it passes; else a faster disk, or fewer messages',
      ),
    );
  }
  return told;
}

export function judgeUnacked(queues: readonly NodeQueue[], prefetch: number): Finding[] {
  return queues
    .filter(({ messages_unacknowledged: unproved = 0 }) => unproved >= prefetch * NEAR)
    .map(({ name, messages_unacknowledged, messages_ready = 0 }) =>
      found(
        'DOC_UNACKED',
        `${name}: ${messages_unacknowledged} messages wait for clients to prove them, ${messages_ready} behind them`,
        `a larger RELAY_USER_PREFETCH (now ${prefetch}), more relays, or a smaller RELAY_ACK_TIMEOUT and RELAY_CONFIRM_TIMEOUT`,
      ),
    );
}
