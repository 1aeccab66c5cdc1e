import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Identity } from '../../src/auth/identity.js';
import { type Action, parseDestination } from '../../src/destination.js';
import { loadPolicy } from '../../src/policy/load.js';
import { emptyPolicy, type Policy } from '../../src/policy/policy.js';
import { parseReplyTo } from '../../src/reply-to.js';
import { identity, rules } from './asking.js';

const alice = identity('alice');

function may(policy: Policy, action: Action, text: string, who: Identity = alice): boolean {
  return policy.decide(action, parseDestination(text, action, who.userWord), who).allowed;
}

describe('without rules', () => {
  it('allows one’s own /user subscriptions and nothing else', () => {
    expect(may(emptyPolicy, 'subscribe', '/user/topic/reply')).toBe(true);
    for (const text of ['/topic/a', '/queue/a', '/amq/queue/a', '/exchange/a/b']) {
      expect(may(emptyPolicy, 'subscribe', text)).toBe(false);
      expect(may(emptyPolicy, 'send', text)).toBe(false);
    }
    for (const text of ['/user/bob/x', '/user/alice/x', '/app/a', '/reply-queue/amq.gen-x']) {
      expect(may(emptyPolicy, 'send', text)).toBe(false);
    }
  });

  it('does not allow a /user destination that was read for another user', () => {
    const bobs = parseDestination('/user/topic/reply', 'subscribe', 'bob');
    expect(emptyPolicy.decide('subscribe', bobs, alice).allowed).toBe(false);
  });
});

describe('the shipped example', () => {
  const policy = loadPolicy(
    readFileSync(new URL('../../access.example.yaml', import.meta.url), 'utf8'),
    'access.example.yaml',
  );

  it.each<[Action, string]>([
    ['subscribe', '/topic/public'],
    ['subscribe', '/topic/public.a.b'],
    ['subscribe', '/topic/public.#'],
    ['subscribe', '/topic/public.*'],
    ['send', '/topic/public.a'],
    ['send', '/user/bob/topic/reply'],
    ['send', '/user/alice@example.com/queue/x.y'],
    ['send', '/user/a%2Fb/topic/x'],
    ['send', '/app/orders/create'],
    ['subscribe', '/queue/demo.a'],
    ['send', '/queue/demo.a'],
    ['subscribe', '/user/anything'],
  ])('lets anyone %s %s', (action, text) => {
    expect(may(policy, action, text)).toBe(true);
  });

  it.each<[Action, string]>([
    ['subscribe', '/topic/#'],
    ['subscribe', '/topic/*'],
    ['subscribe', '/topic/*.a'],
    ['subscribe', '/topic/publicity'],
    ['subscribe', '/topic/Public.a'],
    ['send', '/topic/private'],
    ['send', '/user/bob/secret/x'],
    ['subscribe', '/queue/other'],
    ['send', '/queue/other'],
    ['subscribe', '/amq/queue/demo.a'],
    ['send', '/exchange/amq.topic/public.a'],
    ['subscribe', '/exchange/amq.topic/public.a'],
    ['send', '/exchange/amq.direct/x'],
  ])('lets nobody %s %s', (action, text) => {
    expect(may(policy, action, text)).toBe(false);
  });

  it('allows reply-to temporary queues', () => {
    const replies = parseReplyTo('/temp-queue/foo', 'alice');
    expect(policy.decide('send', replies, alice)).toMatchObject({ allowed: true, rule: { name: 'replies' } });
  });

  it('grants durable subscriptions to public topics', () => {
    const decision = policy.decide(
      'subscribe',
      parseDestination('/topic/public.a', 'subscribe', 'alice'),
      alice,
    );
    expect([...decision.headers.keys()].sort()).toEqual(['auto-delete', 'durable']);
    expect(policy.decide('send', parseDestination('/app/x', 'send', 'alice'), alice).headers.size).toBe(0);
  });
});

describe('conditions', () => {
  const can = (when: string, claims: Record<string, unknown>) =>
    may(rules(`  - when: ${when}\n    send: /app/x`), 'send', '/app/x', identity('alice', claims));

  it.each<[string, Record<string, unknown>, boolean]>([
    ['{role: admin}', { role: 'admin' }, true],
    ['{role: admin}', { role: ['user', 'admin'] }, true],
    ['{role: admin}', { role: 'Admin' }, false],
    ['{role: admin}', { role: 'admin ' }, false],
    ['{role: admin}', { role: { admin: true } }, false],
    ['{role: admin}', { role: [['admin']] }, false],
    ['{role: admin}', {}, false],
    ['{role: [admin, editor]}', { role: 'editor' }, true],
    ['{role: [admin, editor]}', { role: ['x', 'editor'] }, true],
    ['{role: [admin, editor]}', { role: 'admin,editor' }, false],
    ['{role: admin, tenant: a}', { role: 'admin' }, false],
    ['{role: admin, tenant: a}', { role: 'admin', tenant: 'a' }, true],
    ['{level: 3}', { level: 3 }, true],
    ['{level: 3}', { level: '3' }, false],
    ['{verified: true}', { verified: true }, true],
    ['{verified: true}', { verified: 'true' }, false],
    ['{realm_access.roles: admin}', { realm_access: { roles: ['admin'] } }, true],
    ['{realm_access.roles: admin}', { 'realm_access.roles': 'admin' }, true],
    ['{realm_access.roles: admin}', { realm_access: [{ roles: 'admin' }] }, false],
    ['{"https://example.com/roles": admin}', { 'https://example.com/roles': ['admin'] }, true],
    ['{tenant: {exists: true}}', { tenant: '' }, true],
    ['{tenant: {exists: true}}', { tenant: null }, false],
    ['{tenant: {exists: false}}', {}, true],
    ['{constructor: {exists: true}}', {}, false],
    ['{__proto__.constructor: {exists: true}}', {}, false],
    ['{sub.length: 5}', {}, false],
    ['{plan: {not: free}}', { plan: 'pro' }, true],
    ['{plan: {not: free}}', {}, true],
    ['{plan: {not: free}}', { plan: 'free' }, false],
    ['{plan: {not: [free, trial]}}', { plan: ['trial', 'x'] }, false],
    ['{user: alice}', { user: 'mallory' }, true],
    ['{user: mallory}', { user: 'mallory' }, false],
  ])('%s with %j: %s', (when, claims, expected) => {
    expect(can(when, claims)).toBe(expected);
  });
});

describe('placeholders', () => {
  const tenants = rules(`  - subscribe: /topic/tenant.{tenant}.#
    send: [ "/topic/room-{room.id}-x", "/user/{user}/#", "/user/{boss}/topic/#" ]`);

  it('are filled with the claims of the client', () => {
    const who = identity('al.ice@x', { tenant: 'acme', room: { id: 7 }, boss: 'b.o/b' });
    expect(may(tenants, 'subscribe', '/topic/tenant.acme.#', who)).toBe(true);
    expect(may(tenants, 'subscribe', '/topic/tenant.acme', who)).toBe(true);
    expect(may(tenants, 'subscribe', '/topic/tenant.other.x', who)).toBe(false);
    expect(may(tenants, 'subscribe', '/topic/tenant.*.x', who)).toBe(false);
    expect(may(tenants, 'subscribe', '/topic/tenant.{tenant}.x', who)).toBe(false);
    expect(may(tenants, 'send', '/topic/room-7-x', who)).toBe(true);
    expect(may(tenants, 'send', '/topic/room-8-x', who)).toBe(false);
    expect(may(tenants, 'send', '/user/al.ice@x/anything', who)).toBe(true);
    expect(may(tenants, 'send', '/user/b.o%2Fb/topic/x', who)).toBe(true);
    expect(may(tenants, 'send', '/user/b.o%2Fb/queue/x', who)).toBe(false);
    expect(may(tenants, 'send', '/user/bob/topic/x', who)).toBe(false);
  });

  it.each([
    undefined,
    null,
    '',
    '#',
    '*',
    'a.b',
    'a/b',
    'a%2Eb',
    'a\0',
    '\ud800',
    true,
    1.5,
    ['acme'],
    { a: 1 },
    2 ** 60,
  ])('match nothing when the claim is %j', (tenant) => {
    const who = identity('alice', tenant === undefined ? {} : { tenant });
    for (const text of [
      '/topic/tenant.acme.x',
      '/topic/tenant.a.b',
      '/topic/tenant.#',
      '/topic/tenant',
      '/topic/tenant.true',
      `/topic/tenant.${2 ** 60}`,
    ]) {
      expect(may(tenants, 'subscribe', text, who)).toBe(false);
    }
  });

  it('never reach beyond the one word of the claim', () => {
    const word = fc.oneof(
      fc.constantFrom('#', '*', 'a.b', 'a', 'b', '', '.', '%2E'),
      fc.string({ unit: 'binary', maxLength: 5 }),
    );
    const asked = fc.array(fc.constantFrom('a', 'b', '*', '#', 'c'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(word, asked, (tenant, words) => {
        const text = `/topic/tenant.${words.join('.')}`;
        if (may(tenants, 'subscribe', text, identity('alice', { tenant }))) expect(words[0]).toBe(tenant);
      }),
      { numRuns: 3000 },
    );
  });

  it('name one user only, whatever the claim is', () => {
    const name = fc.string({
      unit: fc.constantFrom('*', '#', '.', '/', '%', 'a', 'b', '2', 'E'),
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(name, name, (boss, to) => {
        const text = `/user/${encodeURIComponent(to).replaceAll('*', '%2A').replaceAll('.', '%2E')}/topic/x`;
        expect(may(tenants, 'send', text, identity('mallory', { boss }))).toBe(boss === to);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('patterns', () => {
  it('take user names as they are or encoded', () => {
    const policy = rules('  - send: [/user/alice@example.com/topic/#, /user/b%2Fb/x/y, /app/a/b, /app/c.#]');
    expect(may(policy, 'send', '/user/alice%40example.com/topic/a')).toBe(true);
    expect(may(policy, 'send', '/user/b%2Fb/x.y')).toBe(true);
    expect(may(policy, 'send', '/user/b/x.y')).toBe(false);
    expect(may(policy, 'send', '/app/a.b')).toBe(true);
    expect(may(policy, 'send', '/app/c/d/e')).toBe(true);
  });

  it('keep the kinds of destinations apart', () => {
    const policy = rules(
      '  - subscribe: [/queue/a, /topic/a, /exchange/logs, "/exchange/ev.*/x.#"]\n    send: /amq/queue/b',
    );
    expect(may(policy, 'subscribe', '/amq/queue/a')).toBe(false);
    expect(may(policy, 'send', '/queue/a')).toBe(false);
    expect(may(policy, 'send', '/amq/queue/b')).toBe(true);
    expect(may(policy, 'subscribe', '/exchange/logs')).toBe(true);
    expect(may(policy, 'subscribe', '/exchange/logs/x')).toBe(false);
    expect(may(policy, 'subscribe', '/exchange/ev.a/x.*')).toBe(true);
    expect(may(policy, 'subscribe', '/exchange/ev.a/x')).toBe(true);
    expect(may(policy, 'subscribe', '/exchange/ev.a')).toBe(false);
    expect(may(policy, 'subscribe', '/exchange/ev.a.b/x')).toBe(false);
    expect(may(policy, 'subscribe', '/exchange/ev/a.x')).toBe(false);
  });
});

describe('rules together', () => {
  const policy = rules(`  - name: all
    subscribe: /topic/#
    send: /topic/#
  - name: durable
    subscribe: /topic/keep.#
    headers: durable
  - subscribe: /topic/keep.long
    headers: [x-expires, durable]
  - when: {role: admin}
    subscribe: /topic/keep.#
    headers: x-queue-name
  - name: no audit
    deny: true
    when: {role: {not: auditor}}
    subscribe: [ /topic/audit.#, "/topic/tenant.{tenant}.secret" ]`);
  const decide = (text: string, claims = {}) =>
    policy.decide('subscribe', parseDestination(text, 'subscribe', 'alice'), identity('alice', claims));

  it('grant the headers of every rule that allows', () => {
    expect([...decide('/topic/a').headers.keys()]).toEqual([]);
    expect([...decide('/topic/keep.a').headers.keys()]).toEqual(['durable']);
    expect([...decide('/topic/keep.long').headers.keys()].sort()).toEqual(['durable', 'x-expires']);
    expect([...decide('/topic/keep.a', { role: 'admin' }).headers.keys()].sort()).toEqual([
      'durable',
      'x-queue-name',
    ]);
    expect([...decide('/topic/keep.#').headers.keys()]).toEqual(['durable']);
    expect([...decide('/topic/*.long').headers.keys()]).toEqual([]);
  });

  it('name the first rule that allows, by line and name', () => {
    expect(decide('/topic/keep.long').rule).toEqual({ line: 3, name: 'all' });
  });

  it('are beaten by a rule that denies, also when it denies a part only', () => {
    for (const text of [
      '/topic/audit',
      '/topic/audit.x',
      '/topic/#',
      '/topic/*',
      '/topic/*.x',
      '/topic/audit.#',
    ]) {
      expect(decide(text)).toMatchObject({ allowed: false, rule: { line: 14, name: 'no audit' } });
    }
    expect(decide('/topic/audits').allowed).toBe(true);
    expect(decide('/topic/audit.x', { role: 'auditor' }).allowed).toBe(true);
    expect(may(policy, 'send', '/topic/audit.x')).toBe(true);
  });

  it('deny to be safe when a placeholder of a denying rule has no value', () => {
    expect(decide('/topic/tenant.acme.secret', { tenant: 'acme' }).allowed).toBe(false);
    expect(decide('/topic/tenant.acme.secret', { tenant: 'other' }).allowed).toBe(true);
    expect(decide('/topic/tenant.acme.secret').allowed).toBe(false);
    expect(decide('/topic/tenant.acme.secret', { tenant: '#' }).allowed).toBe(false);
    expect(decide('/topic/tenant.acme.open').allowed).toBe(true);
  });
});

describe('roles', () => {
  const yaml = 'version: 1\nrules:\n  - roles: [admin, editor]\n    send: /app/x';
  const can = (claims: Record<string, unknown>, rolesClaim?: string) =>
    may(
      loadPolicy(yaml, 'access.yaml', rolesClaim === undefined ? {} : { rolesClaim }),
      'send',
      '/app/x',
      identity('alice', claims),
    );

  it.each<[Record<string, unknown>, boolean]>([
    [{ roles: ['x', 'editor'] }, true],
    [{ roles: 'admin' }, true],
    [{ roles: 'admin,editor' }, false],
    [{ roles: ['Admin'] }, false],
    [{ roles: { admin: true } }, false],
    [{ roles: [] }, false],
    [{ role: 'admin' }, false],
    [{}, false],
  ])('of %j: %s', (claims, expected) => {
    expect(can(claims)).toBe(expected);
  });

  it('are looked for where the settings say', () => {
    expect(can({ realm_access: { roles: ['admin'] } }, 'realm_access.roles')).toBe(true);
    expect(can({ 'https://example.com/roles': 'admin' }, 'https://example.com/roles')).toBe(true);
    expect(can({ roles: ['admin'] }, 'realm_access.roles')).toBe(false);
  });

  it('and conditions must both hold', () => {
    const policy = rules('  - roles: admin\n    when: {tenant: acme}\n    send: /app/x');
    const who = (claims: Record<string, unknown>) => may(policy, 'send', '/app/x', identity('alice', claims));
    expect([
      who({ roles: 'admin' }),
      who({ tenant: 'acme' }),
      who({ roles: 'admin', tenant: 'acme' }),
    ]).toEqual([false, false, true]);
  });
});

describe('what may be managed', () => {
  const policy = rules(`  - name: support
    roles: [support, admin]
    manage: sessions
  - roles: admin
    manage: [broker, explain]
    send: /app/x
  - deny: true
    when: {intern: true}
    manage: sessions`);
  const manages = (what: 'sessions' | 'explain' | 'broker', claims: Record<string, unknown>) =>
    policy.mayManage(what, identity('alice', claims));

  it('is nothing without a rule', () => {
    expect(manages('sessions', {})).toMatchObject({ allowed: false, rule: undefined });
    expect(emptyPolicy.mayManage('broker', alice).allowed).toBe(false);
  });

  it('is what the rules say, each for itself', () => {
    expect(manages('sessions', { roles: 'support' })).toMatchObject({
      allowed: true,
      rule: { line: 3, name: 'support' },
    });
    expect(manages('broker', { roles: 'support' }).allowed).toBe(false);
    expect(manages('explain', { roles: 'admin' })).toMatchObject({ allowed: true, rule: { line: 6 } });
  });

  it('is nothing that a rule denies', () => {
    const intern = { roles: ['support'], intern: true };
    expect(manages('sessions', intern)).toMatchObject({ allowed: false, rule: { line: 9 } });
    expect(manages('broker', { roles: 'admin', intern: true }).allowed).toBe(true);
  });

  it('gives no destinations', () => {
    expect(may(policy, 'send', '/app/x', identity('alice', { roles: 'support' }))).toBe(false);
  });
});

describe('values of headers', () => {
  const granted = (headers: string) =>
    rules(`  - subscribe: /queue/a\n    headers: ${headers}`).decide(
      'subscribe',
      parseDestination('/queue/a', 'subscribe', 'alice'),
      alice,
    ).headers;

  it.each([
    ['durable', { durable: [{ kind: 'any' }] }],
    ['{durable: true}', { durable: [{ kind: 'one-of', values: ['true'] }] }],
    [
      '[durable, {x-expires: {max: 60}, x-queue-type: [quorum, classic]}]',
      {
        durable: [{ kind: 'any' }],
        'x-expires': [{ kind: 'range', min: 0, max: 60 }],
        'x-queue-type': [{ kind: 'one-of', values: ['quorum', 'classic'] }],
      },
    ],
    [
      '{x-max-length: {min: 5}, x-message-ttl: [1000, 2000]}',
      {
        'x-max-length': [{ kind: 'range', min: 5, max: Number.MAX_SAFE_INTEGER }],
        'x-message-ttl': [{ kind: 'one-of', values: ['1000', '2000'] }],
      },
    ],
  ])('are read from %s', (yaml, expected) => {
    expect(Object.fromEntries(granted(yaml))).toEqual(expected);
  });

  it('of several rules that allow add up', () => {
    const policy = rules(`  - subscribe: /queue/#
    headers: {x-expires: {max: 60}}
  - subscribe: /queue/a
    headers: {x-expires: 100, durable: true}
  - subscribe: /queue/b
    headers: x-expires`);
    const { headers } = policy.decide('subscribe', parseDestination('/queue/a', 'subscribe', 'alice'), alice);
    expect(Object.fromEntries(headers)).toEqual({
      'x-expires': [
        { kind: 'range', min: 0, max: 60 },
        { kind: 'one-of', values: ['100'] },
      ],
      durable: [{ kind: 'one-of', values: ['true'] }],
    });
  });
});
