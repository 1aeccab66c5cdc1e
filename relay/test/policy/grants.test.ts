import { describe, expect, it } from 'vitest';
import { type Action, parseDestination } from '../../src/destination.js';
import { AuthError } from '../../src/errors.js';
import { GrantedPolicy, type GrantOptions } from '../../src/policy/grants.js';
import { permit } from '../../src/policy/permit.js';
import { identity, rules } from './asking.js';

const file = rules(`  - subscribe: /topic/#
    send: /topic/#
    headers: durable
  - subscribe: /queue/a
  - deny: true
    subscribe: /topic/audit.#
  - roles: admin
    manage: sessions`);

function asked(
  mode: GrantOptions['mode'],
  action: Action,
  text: string,
  grants: unknown,
  claims: Record<string, unknown> = {},
) {
  const who = identity('alice', grants === undefined ? claims : { ...claims, grants });
  const policy = new GrantedPolicy(file, { claim: 'grants', mode });
  return policy.decide(action, parseDestination(text, action, who.userWord), who);
}

describe('narrow', () => {
  it.each<[Action, string, unknown, boolean]>([
    ['subscribe', '/topic/a', undefined, true],
    ['subscribe', '/topic/a', { subscribe: ['/topic/a'] }, true],
    ['subscribe', '/topic/a', { subscribe: '/topic/a' }, true],
    ['subscribe', '/topic/b', { subscribe: ['/topic/a', '/topic/b'] }, true],
    ['subscribe', '/topic/a', { subscribe: '/topic/b' }, false],
    ['subscribe', '/topic/#', { subscribe: '/topic/a.#' }, false],
    ['subscribe', '/topic/a', { send: '/topic/a' }, false],
    ['send', '/topic/a', { subscribe: '/topic/a' }, false],
    ['send', '/topic/a', {}, false],
    ['subscribe', '/queue/b', { subscribe: '/queue/#' }, false],
    ['subscribe', '/topic/audit.x', { subscribe: '/topic/#' }, false],
    ['subscribe', '/topic/room-7', { subscribe: '/topic/room-{room}' }, true],
    ['subscribe', '/topic/room-8', { subscribe: '/topic/room-{room}' }, false],
    ['subscribe', '/topic/a', { subscribe: '/topic/{absent}' }, false],
  ])('%s %s with %j: %s', (action, text, grants, expected) => {
    expect(asked('narrow', action, text, grants, { room: 7 }).allowed).toBe(expected);
  });

  it('keeps the headers of the file', () => {
    expect([...asked('narrow', 'subscribe', '/topic/a', { subscribe: '/topic/a' }).headers.keys()]).toEqual([
      'durable',
    ]);
  });

  it('says that it was the token', () => {
    expect(asked('narrow', 'subscribe', '/topic/a', {})).toMatchObject({
      allowed: false,
      rule: undefined,
      grants: { claim: 'grants' },
    });
    const who = identity('alice', { grants: {} });
    const policy = new GrantedPolicy(file, { claim: 'grants', mode: 'narrow' });
    const destination = parseDestination('/topic/a', 'send', 'alice');
    expect(() => permit(policy, who, 'send', destination)).toThrow(
      expect.objectContaining({ detail: 'The grants in the token (claim grants) do not cover it.' }),
    );
  });
});

describe('widen', () => {
  it.each<[Action, string, unknown, boolean]>([
    ['subscribe', '/queue/b', undefined, false],
    ['subscribe', '/queue/b', { subscribe: '/queue/b' }, true],
    ['subscribe', '/queue/b', { subscribe: '/queue/c' }, false],
    ['subscribe', '/queue/a', {}, true],
    ['send', '/queue/b', { subscribe: '/queue/b' }, false],
    ['send', '/user/bob/topic/x', { send: '/user/*/topic/#' }, true],
    ['subscribe', '/topic/audit.x', { subscribe: '/topic/audit.x' }, false],
    ['subscribe', '/exchange/logs/a', { subscribe: '/exchange/logs/{any}' }, false],
  ])('%s %s with %j: %s', (action, text, grants, expected) => {
    expect(asked('widen', action, text, grants, { any: '#' }).allowed).toBe(expected);
  });

  it('grants no headers, and names the pattern', () => {
    const decision = asked('widen', 'subscribe', '/queue/b', { subscribe: ['/queue/c', '/queue/#'] });
    expect(decision).toMatchObject({ rule: undefined, grants: { claim: 'grants', pattern: '/queue/#' } });
    expect(decision.headers.size).toBe(0);
  });

  it('names the rule that denies', () => {
    expect(asked('widen', 'subscribe', '/topic/audit.x', { subscribe: '/topic/audit.x' }).rule).toBeDefined();
  });
});

describe.each(['narrow', 'widen'] as const)('%s', (mode) => {
  const policy = new GrantedPolicy(file, { claim: 'grants', mode });

  it('leaves everybody their own, and nobody another’s', () => {
    expect(asked(mode, 'subscribe', '/user/topic/x', {}).allowed).toBe(true);
    const bobs = parseDestination('/user/topic/x', 'subscribe', 'bob');
    const who = identity('alice', { grants: { send: '/user/*/#' } });
    expect(policy.decide('subscribe', bobs, who).allowed).toBe(false);
  });

  it('has nothing to say of management', () => {
    expect(policy.mayManage('sessions', identity('a', { grants: {}, roles: 'admin' })).allowed).toBe(true);
    expect(policy.mayManage('sessions', identity('a', { grants: { subscribe: '/topic/#' } })).allowed).toBe(
      false,
    );
  });

  it.each([
    [null, 'must be an object'],
    ['/topic/#', 'must be an object'],
    [['/topic/#'], 'must be an object'],
    [7, 'must be an object'],
    [{ subscribe: [7] }, '"subscribe" that is no string'],
    [{ subscribe: null }, '"subscribe" that is no string'],
    [{ send: { a: '/topic/#' } }, '"send" that is no string'],
    [{ subcribe: '/topic/#' }, 'a key other than'],
    [{ manage: 'sessions' }, 'a key other than'],
    [{ subscribe: '/topics/#' }, '"/topics/#" begins with no known destination'],
    [{ subscribe: '/user/bob/#' }, 'is not needed'],
    [{ subscribe: '/topic/a\nb' }, 'control characters'],
    [{ send: ['/topic/a', '/topic/a*'] }, '"/topic/a*" has a wildcard inside'],
    [{ send: Array(201).fill('/topic/a') }, 'more than 200 patterns'],
    [{ subscribe: Array(101).fill('/topic/a'), send: Array(100).fill('/topic/a') }, 'more than 200 patterns'],
  ])('refuses the token with %j', (grants, message) => {
    const who = identity('alice', { grants });
    expect(() => policy.check(who)).toThrow(
      expect.objectContaining({
        code: 'ERR_TOKEN_GRANTS',
        closure: 'unauthorized',
        message: expect.stringContaining(message),
      }),
    );
    // Also where nobody had checked it before.
    const destination = parseDestination('/topic/a', 'subscribe', 'alice');
    expect(() => policy.decide('subscribe', destination, who)).toThrow(AuthError);
    const own = parseDestination('/user/topic/a', 'subscribe', 'alice');
    expect(() => policy.decide('subscribe', own, who)).toThrow(AuthError);
  });

  it('takes as many as 200 patterns, and none', () => {
    policy.check(identity('alice', { grants: { send: Array(200).fill('/topic/a') } }));
    policy.check(identity('alice', { grants: {} }));
    policy.check(identity('alice'));
  });

  it('repeats no more of a pattern than helps', () => {
    const who = identity('alice', { grants: { send: `/topic/%${'x'.repeat(1000)}`, other: undefined } });
    const long = identity('alice', { grants: { send: `/topic/%${'x'.repeat(1000)}` } });
    for (const each of [who, long]) {
      let message = '';
      try {
        policy.check(each);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toContain('the grants in the token cannot be read');
      expect(message.length).toBeLessThan(300);
    }
  });

  it('reads the grants of an identity once', () => {
    let reads = 0;
    const who = identity('alice', {
      grants: {
        get subscribe() {
          reads++;
          return '/topic/a';
        },
      },
    });
    const destination = parseDestination('/topic/a', 'subscribe', 'alice');
    policy.check(who);
    for (let i = 0; i < 5; i++) policy.decide('subscribe', destination, who);
    expect(reads).toBe(1);
  });

  it('finds the claim inside another', () => {
    const nested = new GrantedPolicy(file, { claim: 'relay.grants', mode });
    expect(() => nested.check(identity('alice', { relay: { grants: 7 } }))).toThrow(AuthError);
    nested.check(identity('alice', { grants: 7 }));
  });
});
