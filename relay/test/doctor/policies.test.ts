import { describe, expect, it } from 'vitest';
import { judgePolicies, type Policy } from '../../src/doctor/checks/policies.js';
import { settings } from './settings.js';

const policy = (pattern: string, definition: object, more: Partial<Policy> = {}): Policy => ({
  name: 'p',
  pattern,
  'apply-to': 'all',
  priority: 0,
  definition: { ...definition },
  ...more,
});

function judge(policies: Policy[], env: Record<string, string> = {}) {
  return judgePolicies(policies, 'policy', settings(env).env, '/');
}

const codes = (policies: Policy[], env?: Record<string, string>) =>
  judge(policies, env).map(({ code }) => code);

describe('a policy', () => {
  it.each<[string, object, string[]]>([
    ['^relay\\.', { 'message-ttl': 1000 }, ['DOC_POLICY_TTL']],
    ['^relay\\.unread\\.', { expires: 1000 }, ['DOC_POLICY_EXPIRES']],
    ['^relay\\.unread\\.intake$', { 'max-length': 10 }, ['DOC_POLICY_LENGTH']],
    ['^relay\\.node\\.', { 'max-length-bytes': 1e9 }, ['DOC_POLICY_LENGTH']],
    ['^relay\\.directory', { overflow: 'reject-publish' }, ['DOC_POLICY_OVERFLOW']],
    ['intake', { 'dead-letter-exchange': 'dead' }, ['DOC_POLICY_DEAD_LETTER']],
    ['directory', { 'delivery-limit': 20 }, ['DOC_POLICY_DELIVERY_LIMIT']],
    ['^relay\\.user$', { 'alternate-exchange': 'lost' }, ['DOC_POLICY_ALTERNATE']],
    ['^relay\\.users$', { 'alternate-exchange': 'lost' }, ['DOC_POLICY_ALTERNATE']],
    ['^relay\\.unread\\.', { 'ha-mode': 'all' }, ['DOC_POLICY_MIRRORS']],
    ['^relay\\.', { 'federation-upstream-set': 'all' }, ['DOC_POLICY_FEDERATION']],
    ['^relay\\.node\\.', { 'consumer-timeout': 30_000 }, ['DOC_POLICY_CONSUMER_TIMEOUT']],
    ['^amq\\.gen', { expires: 1000 }, ['DOC_POLICY_CLIENT_QUEUES']],
    ['^(?!relay\\.)', { 'queue-mode': 'lazy' }, []],
    ['^relay\\.', { 'queue-leader-locator': 'balanced' }, []],
    // What the relay says itself in the arguments counts.
    ['^relay\\.node\\.', { overflow: 'drop-head', 'dead-letter-exchange': 'dead' }, []],
    ['^relay\\.app$', { 'alternate-exchange': 'nobody' }, []],
    // Higher than a mailbox's own limit, so nothing changes.
    ['alice', { 'max-length': 1e6, 'message-ttl': 1e12 }, []],
    ['alice', { 'max-length': 100 }, ['DOC_POLICY_LENGTH']],
    // Of these, a stream knows only the last.
    ['revocations', { expires: 1, 'max-length': 1, 'message-ttl': 1 }, []],
    ['revocations', { 'max-length-bytes': 1 }, ['DOC_POLICY_LENGTH']],
    // A pattern that only the broker can read.
    ['(?|relay)', { 'message-ttl': 1000 }, []],
  ])('%s with %j', (pattern, definition, expected) => {
    expect(codes([policy(pattern, definition)])).toEqual(expected);
  });

  it('is harmless where one of higher priority takes its place', () => {
    const low = policy('.*', { 'message-ttl': 1000 }, { name: 'low' });
    const high = policy('^(relay|amq|stomp)', {}, { name: 'high', priority: 5 });
    expect(codes([low, high])).toEqual([]);
    expect(codes([low, { ...high, priority: -1 }])).toEqual(['DOC_POLICY_TTL', 'DOC_POLICY_CLIENT_QUEUES']);
  });

  it('counts only for the kind of objects that it is for', () => {
    const ttl = { 'message-ttl': 1000 };
    expect(codes([policy('^relay\\.', ttl, { 'apply-to': 'exchanges' })])).toEqual([]);
    const [finding] = judge([policy('^relay\\.', ttl, { 'apply-to': 'classic_queues' })]);
    expect(finding?.what).toContain('on relay.unread.dropped, mailboxes');
    expect(finding?.what).not.toContain('intake');
    const quorum = [policy('alice', ttl, { 'apply-to': 'classic_queues' })];
    expect(codes(quorum)).toEqual(['DOC_POLICY_TTL']);
    expect(codes(quorum, { RELAY_MAILBOX_TYPE: 'quorum' })).toEqual([]);
  });

  it('is cleared by a command that a shell takes as it is', () => {
    const [finding] = judge([policy('^relay\\.', { expires: 1 }, { name: "it's; $(mine)" })]);
    expect(finding?.fix).toContain(`rabbitmqctl clear_policy -p / 'it'\\''s; $(mine)'`);
  });
});
