import type { Identity } from '../relay/src/auth/identity.js';
import { userWord } from '../relay/src/destination.js';

/** Whom anybody may write to. */
export const PEER = 'fuzz-peer';

/** The access file of the run: what fuzzing clients may do is little, so that whatever else they reach shows. */
export const ACCESS_FILE = `version: 1
rules:
  - name: the playground
    subscribe: ['/topic/fuzz.#', '/queue/fuzz.#', '/exchange/fuzz.exchange/open.#', '/amq/queue/fuzz.fixed']
    send: ['/topic/fuzz.#', '/queue/fuzz.#', '/exchange/fuzz.exchange/open.#', '/amq/queue/fuzz.fixed', '/app/fuzz.#', '/temp-queue/*']
    headers: [durable]
  - name: mail to oneself and to one other
    send: ['/user/{user}/topic/#', '/user/${PEER}/inbox']
  - name: one's own tenant
    subscribe: '/topic/tenant.{tenant}.#'
    send: '/topic/tenant.{tenant}.#'
  - name: what the bystander has to do with
    when: {user: bystander}
    subscribe: /topic/stream.bystander
  - name: what nobody may, although the playground would let them
    deny: true
    subscribe: ['/topic/fuzz.secret.#', '/queue/fuzz.secret.#']
    send: ['/topic/fuzz.secret.#', '/queue/fuzz.secret.#', '/app/fuzz.secret.#']
`;

/** Names and tenants that are as hostile as a token can carry. */
const NAMES = [
  'fuzz-a',
  'fuzz.b',
  'fuzz*c',
  'fuzz#d',
  'fuzz/e',
  'fuzz%2Ff',
  'fuzz ä',
  'fuzz@example.com',
  'fuzz:\\n',
  PEER,
  'relay.user',
  '*',
  '#',
  '..',
];
const TENANTS: readonly unknown[] = [
  't1',
  't2',
  '#',
  '*',
  'a.b',
  '',
  7,
  ['t1'],
  'x%2Fy',
  'secret/../t1',
  'ä',
  { t: 1 },
  undefined,
];

export interface FuzzUser extends Identity {
  readonly tenant: unknown;
}

/** All of them, always the same: every name with a tenant. */
export const USERS: readonly FuzzUser[] = Array.from({ length: NAMES.length * 3 }, (_, index) => {
  const user = index < NAMES.length ? (NAMES[index] as string) : `${NAMES[index % NAMES.length]}${index}`;
  const tenant = TENANTS[index % TENANTS.length];
  const claims = { sub: user, ...(tenant === undefined ? {} : { tenant }) };
  return { user, userWord: userWord(user), claims, tenant, expiresAt: undefined, tokenId: `fuzz-${index}` };
});

/**
 * Whether a message of this user may be at this exchange with this key: the access file once more, in other words,
 * and about where messages are, not about what clients write.
 */
export function mayPublish({ userWord: word, tenant }: FuzzUser, exchange: string, key: string): boolean {
  switch (exchange) {
    case 'relay.user':
      return below(key, `${word}.topic`) || key === `${PEER}.inbox`;
    case 'amq.topic':
      return inPlayground(key) || isOwnTenant(tenant, key);
    case 'relay.app':
      return inPlayground(key);
    case 'fuzz.exchange':
      return below(key, 'open');
    case '':
      return inPlayground(key);
    default:
      return false;
  }
}

/** Whether a subscription of this user may be a binding of this exchange with this key. */
export function mayBind(user: FuzzUser, exchange: string, key: string): boolean {
  if (exchange === 'relay.user') return key.startsWith(`${user.userWord}.`) && !/[*#]/.test(key);
  // A wildcard for the second word would take in what is denied.
  if (exchange === 'amq.topic' && /^fuzz\.[*#]/.test(key)) return false;
  return exchange !== 'relay.app' && mayPublish(user, exchange, key);
}

function inPlayground(key: string): boolean {
  return below(key, 'fuzz') && !below(key, 'fuzz.secret');
}

function isOwnTenant(tenant: unknown, key: string): boolean {
  const word = typeof tenant === 'number' ? String(tenant) : tenant;
  return typeof word === 'string' && /^[^./*#%]+$/.test(word) && below(key, `tenant.${word}`);
}

function below(key: string, root: string): boolean {
  return key === root || key.startsWith(`${root}.`);
}
