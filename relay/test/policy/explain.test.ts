import { describe, expect, it } from 'vitest';
import type { Action } from '../../src/destination.js';
import { createAccess } from '../../src/policy/access.js';
import { explain } from '../../src/policy/explain.js';
import { identity, rules } from './asking.js';

const file = rules(`  - name: all
    subscribe: [/topic/#, /queue/#, /amq/queue/#, "/exchange/#/#"]
    send: [/topic/#, /queue/#, /amq/queue/#, "/exchange/#/#", /app/#, /user/*/#, /reply-queue/#]
    headers: {durable: true, x-expires: {max: 60}}
  - deny: true
    subscribe: /topic/shut.#`);
const asks = (action: Action, text: string, user = 'alice') => explain(file, action, text, identity(user));

describe('what is allowed', () => {
  it('comes with the rule, the headers and a sentence', () => {
    expect(asks('subscribe', '/topic/news.#')).toEqual({
      allowed: true,
      code: null,
      reason: 'The access file allows it in line 3.',
      rule: { line: 3, name: 'all' },
      grants: null,
      dryRun: false,
      destination: { kind: 'topic', words: [['news', '#']] },
      broker: { exchange: 'amq.topic', routingKey: 'news.#' },
      headers: { durable: 'true', 'x-expires': '0 to 60' },
      slow: { policy: 'disconnect' },
    });
  });

  it('needs no rule when it is one’s own', () => {
    expect(asks('subscribe', '/user/topic/reply', 'a.b')).toMatchObject({
      allowed: true,
      rule: null,
      reason: expect.stringContaining('their own'),
      broker: { exchange: 'relay.user', routingKey: 'a%2Eb.topic.reply' },
      headers: {},
    });
  });

  it.each<[Action, string, object | null]>([
    ['send', '/user/bob@x/topic/reply', { exchange: 'relay.user', routingKey: 'bob%40x.topic.reply' }],
    ['subscribe', '/user/relay.unread', null],
    ['send', '/topic/a.b', { exchange: 'amq.topic', routingKey: 'a.b' }],
    ['send', '/app/a/b', { exchange: 'relay.app', routingKey: 'a.b' }],
    ['send', '/queue/a', { queue: 'a' }],
    ['subscribe', '/amq/queue/a.b', { queue: 'a.b' }],
    ['send', '/reply-queue/x', { queue: 'x' }],
    ['subscribe', '/exchange/logs/a.*', { exchange: 'logs', routingKey: 'a.*' }],
    ['subscribe', '/exchange/logs', { exchange: 'logs', routingKey: '' }],
  ])('is at the broker: %s %s', (action, text, broker) => {
    const answer = asks(action, text);
    expect(answer.reason).not.toContain('not allowed');
    expect([answer.allowed, answer.broker]).toEqual([true, broker]);
  });
});

describe('what is denied', () => {
  it('by a rule, names the rule', () => {
    expect(asks('subscribe', '/topic/shut.x')).toMatchObject({
      allowed: false,
      code: 'ERR_FORBIDDEN',
      reason: 'The access file denies it in line 7.',
      rule: { line: 7 },
      broker: { exchange: 'amq.topic', routingKey: 'shut.x' },
      headers: {},
    });
  });

  it('by none, says so', () => {
    expect(explain(rules('  []'), 'send', '/app/x', identity('alice'))).toMatchObject({
      allowed: false,
      rule: null,
      reason: 'No rule of the access file lets this user send to /app/x.',
    });
  });

  it.each<[string, string]>([
    ['/topic/%2e%2e', 'ERR_DESTINATION_INVALID'],
    ['/nowhere', 'ERR_DESTINATION_UNKNOWN'],
    ['', 'ERR_DESTINATION_INVALID'],
    ['/queue/relay.x', 'ERR_DESTINATION_RESERVED'],
    [`/topic/${'x'.repeat(2000)}`, 'ERR_DESTINATION_TOO_LONG'],
  ])('as no destination: %s', (text, code) => {
    expect(asks('subscribe', text)).toMatchObject({
      allowed: false,
      code,
      rule: null,
      destination: null,
      broker: null,
    });
  });

  it('by the plugin, blames no rule', () => {
    expect(asks('send', '/user/a%2Fb/topic/x')).toMatchObject({
      allowed: false,
      code: 'ERR_DESTINATION_INVALID',
      rule: null,
      headers: {},
    });
  });
});

describe('grants', () => {
  it.each([
    ['narrow', { send: '/topic/a' }, '/topic/b', false, { claim: 'g' }, /do not cover/],
    ['narrow', { send: '/topic/a' }, '/topic/a', true, null, /line 3/],
    ['widen', { send: '/temp-queue/x' }, '/topic/a', true, null, /line 3/],
    ['narrow', 7, '/topic/a', false, null, /cannot be read/],
  ] as const)('%s %j, %s', (mode, g, text, allowed, grants, reason) => {
    const access = createAccess(file, { grants: { claim: 'g', mode } });
    expect(explain(access, 'send', text, identity('alice', { g }))).toMatchObject({
      allowed,
      grants,
      reason: expect.stringMatching(reason),
    });
  });

  it('that widen are named', () => {
    const access = createAccess(rules('  []'), { grants: { claim: 'g', mode: 'widen' } });
    expect(explain(access, 'send', '/app/a', identity('alice', { g: { send: '/app/#' } }))).toMatchObject({
      allowed: true,
      rule: null,
      grants: { claim: 'g', pattern: '/app/#' },
      reason: 'The grants in the token (claim g) allow it.',
    });
  });
});
