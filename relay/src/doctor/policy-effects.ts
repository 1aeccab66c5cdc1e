import { NO_DELIVERY_LIMIT, names } from '../broker/topology.js';
import type { RelayConfig } from '../config.js';
import type { Code } from './codes.js';
import type { Target } from './policy-targets.js';

type Env = RelayConfig['env'];

/** What one key of a policy does to the relay. */
interface Effect {
  readonly key: string;
  readonly code: Code;
  /** Whether it does harm there. Of a limit in a policy and one in the arguments, the lower one counts. */
  harms(target: Target, value: unknown, env: Env): boolean;
}

/** A mailbox has limits of its own, and only lower ones change anything. */
const below = (limit: (env: Env) => number) => (target: Target, value: unknown, env: Env) =>
  isQueue(target) && (target.role !== 'mailbox' || Number(value) < limit(env));
/** Streams know neither. */
const unlessStream = (limit: (env: Env) => number) => (target: Target, value: unknown, env: Env) =>
  target.kind !== 'stream' && below(limit)(target, value, env);
const isQueue = ({ kind }: Target) => kind !== 'exchange';

const EFFECTS: readonly Effect[] = [
  {
    key: 'message-ttl',
    code: 'DOC_POLICY_TTL',
    harms: (target, value, env) =>
      isQueue(target) &&
      target.kind !== 'stream' &&
      (target.role === 'shared' ||
        Number(value) < (target.role === 'node' ? env.RELAY_NODE_TTL : env.RELAY_MAILBOX_AGE)),
  },
  {
    key: 'expires',
    code: 'DOC_POLICY_EXPIRES',
    harms: unlessStream(({ RELAY_MAILBOX_EXPIRES }) => RELAY_MAILBOX_EXPIRES),
  },
  {
    key: 'max-length',
    code: 'DOC_POLICY_LENGTH',
    harms: unlessStream(({ RELAY_MAILBOX_LENGTH }) => RELAY_MAILBOX_LENGTH),
  },
  {
    key: 'max-length-bytes',
    code: 'DOC_POLICY_LENGTH',
    harms: below(({ RELAY_MAILBOX_BYTES }) => RELAY_MAILBOX_BYTES),
  },
  // Where the relay says in the arguments what is to happen, that counts.
  { key: 'overflow', code: 'DOC_POLICY_OVERFLOW', harms: ({ role }) => role === 'shared' },
  { key: 'dead-letter-exchange', code: 'DOC_POLICY_DEAD_LETTER', harms: ({ role }) => role === 'shared' },
  {
    key: 'delivery-limit',
    code: 'DOC_POLICY_DELIVERY_LIMIT',
    harms: ({ kind, role }, value) =>
      kind === 'quorum' && role !== 'node' && Number(value) < NO_DELIVERY_LIMIT,
  },
  {
    key: 'alternate-exchange',
    code: 'DOC_POLICY_ALTERNATE',
    harms: ({ name }) => name === names.user || name === names.users,
  },
  { key: 'ha-mode', code: 'DOC_POLICY_MIRRORS', harms: ({ kind }) => kind === 'classic' },
  ...['federation-upstream', 'federation-upstream-set'].map(
    (key) => ({ key, code: 'DOC_POLICY_FEDERATION', harms: () => true }) as const,
  ),
  {
    key: 'consumer-timeout',
    code: 'DOC_POLICY_CONSUMER_TIMEOUT',
    harms: (target, value, env) =>
      isQueue(target) &&
      Number(value) < (target.role === 'mailbox' ? env.RELAY_LEASE_TIME : env.RELAY_ACK_TIMEOUT),
  },
];

export interface Harm {
  readonly code: Code;
  readonly key: string;
  readonly value: unknown;
  /** The objects that are harmed, by what their names are like. */
  readonly target: string;
}

/** What a policy does to those of the relay's objects to which it applies. */
export function effects(
  definition: Readonly<Record<string, unknown>>,
  targets: readonly Target[],
  env: Env,
): Harm[] {
  return EFFECTS.flatMap(({ key, code, harms }) => {
    const value = definition[key];
    if (value === undefined) return [];
    const harmed = targets.filter((target) => harms(target, value, env)).map(shown);
    return harmed.length === 0 ? [] : [{ code, key, value, target: harmed.join(', ') }];
  });
}

function shown({ name, role }: Target): string {
  if (role === 'mailbox') return 'mailboxes (relay.unread.<user>.…)';
  return role === 'node' ? 'relay.node.…' : name.replace(/^relay\.node\.name$/, 'relay.node.…');
}
