import { describe, expect, it } from 'vitest';
import { type Action, parseDestination } from '../../src/destination.js';
import { AuthError, DestinationError, ForbiddenError } from '../../src/errors.js';
import { grantedQueueHeaders } from '../../src/inbound/queue-headers.js';
import { createAccess } from '../../src/policy/access.js';
import { explain } from '../../src/policy/explain.js';
import { type LetThrough, permit } from '../../src/policy/permit.js';
import { identity, rules } from './asking.js';

const file = rules(`  - name: open
    subscribe: /topic/open.#
    headers: durable
  - deny: true
    send: /topic/shut
  - subscribe: /queue/work
  - deny: true
    subscribe: /queue/work
    roles: guest`);

function dryRun() {
  const told: LetThrough[] = [];
  const access = createAccess(file, {
    grants: { claim: 'grants', mode: 'narrow' },
    onLetThrough: (what) => told.push(what),
  });
  const asks = (action: Action, text: string, claims: Record<string, unknown> = {}) => {
    const who = identity('alice', claims);
    return permit(access, who, action, parseDestination(text, action, who.userWord));
  };
  return { told, access, asks };
}

describe('a dry run', () => {
  it('lets through what no rule allows and what one denies, and says so', () => {
    const { told, asks } = dryRun();
    expect(asks('subscribe', '/queue/other')).toMatchObject({ allowed: true, dryRun: true });
    expect(asks('send', '/topic/shut')).toMatchObject({ allowed: true, dryRun: true, rule: { line: 6 } });
    expect(told).toEqual([
      { user: 'alice', action: 'subscribe', destination: '/queue/other', line: undefined },
      { user: 'alice', action: 'send', destination: '/topic/shut', line: 6 },
    ]);
  });

  it('says nothing of what is allowed', () => {
    const { told, asks } = dryRun();
    const decision = asks('subscribe', '/topic/open.a');
    expect(decision).toMatchObject({ allowed: true, rule: { name: 'open' } });
    expect(decision.dryRun).toBeUndefined();
    expect([...decision.headers.keys()]).toEqual(['durable']);
    expect(told).toEqual([]);
  });

  it('never lets anybody have another’s /user', () => {
    const { access, told } = dryRun();
    const bobs = parseDestination('/user/topic/x', 'subscribe', 'bob');
    expect(() => permit(access, identity('alice'), 'subscribe', bobs)).toThrow(ForbiddenError);
    expect(told).toEqual([]);
  });

  it.each([
    '/exchange/relay.user/#',
    '/queue/relay.unread.intake',
    '/amq/queue/stomp-subscription-x',
    '/queue/amq.gen-x',
  ])('never lets anybody have %s', (text) => {
    const { asks } = dryRun();
    expect(() => asks('subscribe', text)).toThrow(DestinationError);
    expect(() => asks('send', text)).toThrow(DestinationError);
  });

  it('never lets anybody answer where they were not asked', () => {
    expect(() => dryRun().asks('send', '/reply-queue/amq.gen-x')).toThrow(ForbiddenError);
  });

  it.each([
    ['/queue/other', {}],
    ['/queue/work', { roles: 'guest' }],
  ])('grants no headers with %s', (text, claims) => {
    const { headers } = dryRun().asks('subscribe', text, claims);
    expect(() => grantedQueueHeaders(['durable', 'true'], headers)).toThrow(ForbiddenError);
  });

  it('never gives what the token itself withholds', () => {
    const { asks, told } = dryRun();
    const grants = { subscribe: '/queue/a' };
    expect(asks('subscribe', '/queue/a', { grants })).toMatchObject({ dryRun: true });
    expect(() => asks('subscribe', '/queue/b', { grants })).toThrow(ForbiddenError);
    expect(() => asks('subscribe', '/topic/open.a', { grants })).toThrow(ForbiddenError);
    expect(told).toHaveLength(1);
  });

  it('lets nobody in whose grants cannot be read', () => {
    const { access, asks } = dryRun();
    expect(() => asks('subscribe', '/queue/a', { grants: 7 })).toThrow(AuthError);
    expect(() => access.checkGrants(identity('alice', { grants: 7 }))).toThrow(AuthError);
  });

  it('lets nobody manage anything', () => {
    expect(dryRun().access.mayManage('sessions', identity('alice')).allowed).toBe(false);
  });

  it('is not told of what is only asked about', () => {
    const { access, told } = dryRun();
    expect(explain(access, 'subscribe', '/queue/other', identity('alice'))).toMatchObject({
      allowed: true,
      dryRun: true,
      reason: 'Only the dry run lets it through: no rule allows it.',
    });
    expect(told).toEqual([]);
  });
});
