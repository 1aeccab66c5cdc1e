import type { GrantOptions } from '../../../src/policy/grants.js';

/** The access file that the matrix is asked of. */
export const ACCESS_FILE = `version: 1
rules:
  - name: public topics
    subscribe: /topic/public.#
    send: /topic/public.#
  - name: tenants
    subscribe: /topic/tenant.{tenant}.#
    send: /topic/tenant.{tenant}.chat.#
  - name: direct messages
    send: /user/*/topic/#
  - name: services
    send: /app/#
  - name: admins
    roles: admin
    subscribe: [/topic/#, /exchange/amq.topic/#]
    send: /topic/#
  - name: work
    roles: [worker, admin]
    subscribe: /queue/work.#
    send: /queue/work.#
  - name: figures
    roles: monitor
    subscribe: /amq/queue/stats
  - name: the audit trail is for auditors
    deny: true
    when: {auditor: {not: true}}
    subscribe: [/topic/audit.#, /exchange/amq.topic/audit.#]
  - name: nobody writes the audit trail
    deny: true
    send: [/topic/audit.#, /exchange/amq.topic/audit.#]
  - name: guests write to nobody
    deny: true
    roles: guest
    send: /user/*/#
`;

/** RELAY_GRANTS_CLAIM of the relays that are asked. */
export const GRANTS_CLAIM = 'grants';

/** Somebody who asks. */
export interface MatrixIdentity {
  /** What `sub` says, and what the columns are called after. */
  readonly user: string;
  /** Other claims of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** RELAY_GRANTS_MODE of the relay that is asked. */
  readonly mode: GrantOptions['mode'];
  /** Why nobody is let in with this token, or that there is none; undefined for a good one. */
  readonly refused?: 'expired' | 'revoked' | 'none' | 'grants';
}

const narrow = (user: string, claims: Record<string, unknown> = {}): MatrixIdentity => ({
  user,
  claims,
  mode: 'narrow',
});

/** In the order of the columns in destinations.ts. */
export const IDENTITIES: readonly MatrixIdentity[] = [
  narrow('alice'),
  narrow('bob', { roles: [] }),
  narrow('ann', { tenant: 'acme' }),
  narrow('gus', { tenant: 'globex' }),

  narrow('wes', { tenant: 'acme', roles: ['worker'] }),
  narrow('root', { roles: 'admin' }),
  narrow('audrey', { roles: ['admin', 'x'], auditor: true }),
  narrow('moni', { roles: ['monitor'] }),

  narrow('guest', { roles: ['guest'] }),
  narrow('nora', {
    roles: ['worker'],
    grants: { subscribe: '/topic/public.news.#', send: ['/user/bob/topic/#', '/queue/work.a'] },
  }),
  narrow('nil', { roles: ['admin'], grants: {} }),
  narrow('hash', { tenant: '#', roles: 'admin,worker' }),

  narrow('*', { tenant: '*' }),
  narrow('#', { tenant: 'acme.chat' }),
  narrow('alice.topic', { tenant: ['acme'] }),
  narrow('Alice', { tenant: 'Acme', roles: ['Admin'] }),

  {
    user: 'wim',
    claims: {
      grants: {
        subscribe: ['/topic/tenant.initech.#', '/topic/audit.#'],
        send: ['/topic/tenant.initech.#', '/topic/audit.login', '/queue/work.a'],
      },
    },
    mode: 'widen',
  },

  { ...narrow('eve', { roles: ['admin'], auditor: true }), refused: 'expired' },
  { ...narrow('rex', { roles: ['admin'], auditor: true }), refused: 'revoked' },
  { ...narrow('nobody'), refused: 'none' },
  { ...narrow('brad', { roles: ['admin'], grants: { subscribe: '/topics/#' } }), refused: 'grants' },
];
