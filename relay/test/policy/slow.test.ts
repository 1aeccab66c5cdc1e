import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/destination.js';
import { PolicyError } from '../../src/policy/errors.js';
import { explain } from '../../src/policy/explain.js';
import { GrantedPolicy } from '../../src/policy/grants.js';
import { lint } from '../../src/policy/lint/lint.js';
import { loadRules } from '../../src/policy/load.js';
import { identity, rules } from './asking.js';

const OLDEST = { policy: 'drop-oldest', most: 1000 };
const LATEST = { policy: 'latest-only' };
const DISCONNECT = { policy: 'disconnect' };

describe('what becomes of messages for those who do not keep up', () => {
  const file = rules(`  - subscribe: /topic/#
  - subscribe: [/topic/prices.#, /topic/both.#]
    slow: latest-only
  - subscribe: [/topic/news.#, /topic/both.#]
    send: /topic/#
    slow: drop-oldest
  - subscribe: /topic/few.#
    slow: {drop-oldest: 7}
  - subscribe: /topic/strict.#
    slow: disconnect
  - subscribe: /topic/strict.#
    slow: latest-only
  - subscribe: "/topic/of.{user}.#"
    slow: latest-only
  - subscribe: /queue/#
`);
  const slow = (destination: string, action: Action = 'subscribe') =>
    explain(file, action, destination, identity('alice')).slow;

  it.each([
    ['/topic/other', DISCONNECT],
    ['/topic/prices.gold', LATEST],
    ['/topic/prices.#', LATEST],
    ['/topic/news.sport', OLDEST],
    ['/topic/few.x', { policy: 'drop-oldest', most: 7 }],
    // Of several rules the first that says it.
    ['/topic/both.x', LATEST],
    ['/topic/strict.x', DISCONNECT],
    // A rule that does not cover all of a subscription has no say in it.
    ['/topic/#', DISCONNECT],
    ['/topic/*.gold', DISCONNECT],
    ['/topic/of.alice.x', LATEST],
    ['/topic/of.bob.x', DISCONNECT],
    // Nothing else is ever dropped.
    ['/queue/x', null],
    ['/user/topic/x', null],
    ['/topic/..', null],
  ])('is a matter of the rules that allow it: %s', (destination, policy) => {
    expect(slow(destination)).toEqual(policy);
  });

  it('is none of what is sent', () => {
    expect(slow('/topic/news.x', 'send')).toBeNull();
  });

  it('is none of what only the grants in a token allow', () => {
    const granted = new GrantedPolicy(rules('  - send: /app/#'), { claim: 'grants', mode: 'widen' });
    const alice = identity('alice', { grants: { subscribe: '/topic/prices.gold' } });
    expect(explain(granted, 'subscribe', '/topic/prices.gold', alice)).toMatchObject({
      allowed: true,
      slow: DISCONNECT,
    });
  });
});

describe('an access file', () => {
  const problems = (rule: string) => {
    try {
      loadRules(`version: 1\nrules:\n${rule}`, 'access.yaml');
    } catch (error) {
      if (error instanceof PolicyError)
        return error.problems.map((p) => `${p.line}:${p.column} ${p.message}`);
      throw error;
    }
    return [];
  };

  it.each([
    ['  - send: /topic/x\n    slow: latest-only', /^4:11 "slow" goes with "subscribe"/],
    [
      '  - deny: true\n    subscribe: /topic/x\n    slow: latest-only',
      /^5:11 a rule that denies has nothing to drop/,
    ],
    [
      '  - subscribe: [/topic/x, /queue/y]\n    slow: latest-only',
      /^4:11 "slow" is for \/topic\/… only: put "\/queue\/y" \(line 3\)/,
    ],
    ['  - subscribe: /exchange/amq.topic/x\n    slow: drop-oldest', /^4:11 "slow" is for \/topic/],
    [
      '  - subscribe: /topic/x\n    slow: latest-olny',
      /^4:11 "latest-olny" is nothing .*did you mean "latest-only"/,
    ],
    [
      '  - subscribe: /topic/x\n    slow: {drop-oldest: 0}',
      /^4:25 drop-oldest takes how many messages may wait, from 1/,
    ],
    ['  - subscribe: /topic/x\n    slow: {drop-oldest: 1.5}', /^4:25 drop-oldest takes/],
    ['  - subscribe: /topic/x\n    slow: {latest-only: 5}', /^4:12 "slow" has no key "latest-only"/],
    ['  - subscribe: /topic/x\n    slow: [latest-only]', /^4:11 "slow" must be a string, not a list/],
  ])('is refused with %j', (rule, message) => {
    const found = problems(rule);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  const warnings = (rule: string) =>
    lint(loadRules(`version: 1\nrules:\n${rule}`, 'access.yaml'), {
      rolesClaim: 'roles',
      tenantClaim: 'tenant',
    }).map(({ line, message }) => `${line} ${message}`);

  it('is warned of where nothing can be dropped', () => {
    expect(warnings('  - subscribe: /topic/a\n    headers: durable\n    slow: latest-only')).toContainEqual(
      expect.stringMatching(/^3 "slow" does not count for subscriptions with "headers"/),
    );
    expect(
      warnings('  - subscribe: /topic/a\n    headers: durable\n    slow: disconnect').join(),
    ).not.toContain('slow');
  });

  it('may say it in a rule that allows nothing new', () => {
    const wide = '  - subscribe: /topic/a.#\n';
    const narrow = '  - subscribe: /topic/a.b\n';
    expect(warnings(`${wide}${narrow}    slow: latest-only`).join()).not.toContain('adds nothing');
    expect(warnings(`${wide}${narrow}`).join()).toContain('adds nothing');
    // But not when it is said already: the first counts.
    expect(warnings(`${wide}    slow: drop-oldest\n${narrow}    slow: latest-only`).join()).toContain(
      'adds nothing',
    );
  });
});
