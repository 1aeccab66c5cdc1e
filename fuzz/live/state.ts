import { waitFor } from '../../relay/test/support/wait.js';
import { PEER, USERS } from '../access.js';
import { type BrokerState, brokerState, type RelayFigures, relayFigures } from './watch.js';
import type { World } from './world.js';

/** What must be the same before and after. */
export interface State {
  relay: RelayFigures;
  broker: BrokerState;
}

/** For what was given up to be gone: the management API alone is some seconds late. */
export const SETTLE_MS = 60_000;
const COUNTED = ['sessions', 'routes', 'feeds'] as const;

async function look({ relay, management, privateUser }: World): Promise<State> {
  return { relay: await relayFigures(relay.url), broker: await brokerState(management, privateUser) };
}

/** The state once it no longer changes: the management API needs some seconds to know of what has just been opened. */
export function steadyState(world: World): Promise<State> {
  let last = '';
  return waitFor(
    async () => {
      const state = await look(world);
      const now = JSON.stringify(state.broker);
      const same = now === last && state.broker.shared.length > 0 && state.relay.down.length === 0;
      last = now;
      return same && state;
    },
    { what: 'a steady state', timeout: SETTLE_MS, interval: 3000 },
  );
}

/** Waits until sessions, routes, feeds and private links are as many as before, and tells what is not. */
export async function stateAfter(
  world: World,
  before: State,
  report: (violation: string) => void,
): Promise<State> {
  let state = before;
  try {
    state = await look(world);
    const same = async () => {
      state = await look(world);
      const relay = COUNTED.every((name) => state.relay[name] === before.relay[name]);
      return relay && state.broker.privateLinks === before.broker.privateLinks;
    };
    await waitFor(same, { what: 'the state before', timeout: SETTLE_MS, interval: 1000 });
  } catch (error) {
    const { sessions, routes, feeds } = state.relay;
    const left = JSON.stringify({ sessions, routes, feeds, privateLinks: state.broker.privateLinks });
    report(`not as before: ${left} (${(error as Error).message}; the relay ended with ${world.relay.ended})`);
  }
  for (const difference of differences(before.broker, state.broker)) report(difference);
  return state;
}

function differences(before: BrokerState, after: BrokerState): string[] {
  const missing = (some: string[], others: string[]) => some.filter((name) => !others.includes(name));
  const found: [string, string[]][] = [
    ['shared connections that the broker has closed', missing(before.shared, after.shared)],
    ['shared connections that were not there before', missing(after.shared, before.shared)],
    [
      'queues that no client may make',
      missing(after.queues, before.queues).filter((name) => !mayRemain(name)),
    ],
    ['queues that are gone', missing(before.queues, after.queues)],
  ];
  return found.flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${what}: ${names.slice(0, 20).join(', ')}`],
  );
}

/** Queues that a client may leave behind: the playground's, its own durable subscriptions, its own mail. */
function mayRemain(name: string): boolean {
  const words = USERS.map(({ userWord }) => userWord);
  const mine = (word: string) =>
    name === `relay.unread.${word}.topic` ||
    name.startsWith(`relay.unread.${word}.topic.`) ||
    (name.startsWith(`stomp-subscription-${word}.`) && /\.[0-9a-f]{32}$/.test(name));
  const playground = /^fuzz(\.|$)/.test(name) && !name.startsWith('fuzz.secret');
  // The last is where the run's own baits for a user who is not there end.
  return playground || name === `relay.unread.${PEER}.inbox` || [...words, 'somebody'].some(mine);
}
