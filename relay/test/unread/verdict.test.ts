import type { MessageProperties } from 'amqplib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMANDS, judge, KEEPER_ID, type Verdict } from '../../src/unread/verdict.js';

const NODE_TTL = 60_000;
const NOW = 1_700_000_000_000;
const KEY = 'alice.topic.reply';

/** What amqplib hands out: every property is there, most of them undefined. */
function properties(own: Record<string, unknown> = {}): MessageProperties {
  return { headers: {}, ...own } as unknown as MessageProperties;
}

function judged(own: Record<string, unknown> = {}, key = KEY): Verdict {
  return judge('relay.unread', key, properties(own), Buffer.alloc(0), NODE_TTL, NOW);
}

function commanded(type: string | undefined, body: string): Verdict {
  return judge('', 'relay.unread.intake', properties({ type }), Buffer.from(body), NODE_TTL, NOW);
}

function kept(own: Record<string, unknown> = {}): Extract<Verdict, { kind: 'keep' }> {
  const verdict = judged(own);
  if (verdict.kind !== 'keep') throw new Error(`not kept, but ${verdict.kind}`);
  return verdict;
}

/** The history that RabbitMQ notes when it dead-letters a message. */
function death(reason: string, expiration: string | undefined, secondsAgo: number) {
  return {
    ...{ reason, queue: 'relay.node.x', exchange: 'relay.user', count: 1, 'routing-keys': [KEY] },
    time: { '!': 'timestamp', value: Math.floor(NOW / 1000) - secondsAgo },
    ...(expiration === undefined ? {} : { 'original-expiration': expiration }),
  };
}

describe('what is kept', () => {
  it('keeps what the publisher said, on disk', () => {
    const own = {
      ...{ contentType: 'text/plain', contentEncoding: 'utf8', correlationId: 'c', replyTo: 'q' },
      ...{ messageId: 'm', timestamp: 5, type: 't', appId: 'a', priority: 3 },
    };
    const headers = { 'relay-user': 'bob', n: 1, yes: true };
    expect(kept({ ...own, headers })).toEqual({
      kind: 'keep',
      key: KEY,
      properties: { ...own, headers, deliveryMode: 2 },
    });
  });

  it('has no header of the way that it has come, and none that sends copies', () => {
    const headers = {
      'x-death': [death('rejected', undefined, 0)],
      'x-first-death-reason': 'rejected',
      'x-last-death-queue': 'relay.node.x',
      'x-delivery-count': 2,
      'x-acquired-count': 2,
      CC: ['bob.x'],
      BCC: 'bob.x',
      [KEEPER_ID]: 'forged',
      'x-relay-anything': 1,
      'x-mine': 'kept',
    };
    expect(kept({ headers }).properties.headers).toEqual({ 'x-mine': 'kept' });
  });

  it('has the sender’s login as a header: the broker would refuse it from anybody else', () => {
    const { properties: published } = kept({ userId: 'service' });
    expect(published.userId).toBeUndefined();
    expect(published.headers).toEqual({ 'user-id': 'service' });
  });

  it('lives without headers', () => {
    expect(kept({ headers: undefined }).properties).toEqual({ headers: {}, deliveryMode: 2 });
  });
});

describe('what nobody wants', () => {
  it('is worthless when its publisher said so', () => {
    expect(judged({ headers: { 'relay-unread': 'drop' } })).toEqual({ kind: 'drop', reason: 'worthless' });
    for (const other of ['Drop', 'keep', '', true, 1]) {
      expect(judged({ headers: { 'relay-unread': other } }).kind).toBe('keep');
    }
  });

  it('is expired when no time is left', () => {
    expect(judged({ expiration: '0' })).toEqual({ kind: 'drop', reason: 'expired' });
    expect(kept({ expiration: '1' }).properties.expiration).toBe('1');
  });
});

describe('the time that is left', () => {
  it.each([
    ['given back after a moment', 'rejected', '5000', 0, '5000'],
    ['waiting in the intake since', 'rejected', '10000', 4, '7000'],
    ['never, without expiration', 'rejected', undefined, 100, undefined],
    ['a dead relay’s queue held it for the time of the queue', 'expired', '90000', 0, '30000'],
    ['and then the intake', 'expired', '90000', 11, '20000'],
    ['a clock that is ahead', 'rejected', '5000', -3600, '5000'],
  ])('%s', (_, reason, expiration, ago, left) => {
    const headers = { 'x-death': [death(reason, expiration, ago)] };
    expect(kept({ headers }).properties.expiration).toBe(left);
  });

  it.each([
    ['the message’s own time ended it', 'expired', '5000', 0],
    ['it waited too long', 'rejected', '5000', 6],
  ])('is none: %s', (_, reason, expiration, ago) => {
    const headers = { 'x-death': [death(reason, expiration, ago)] };
    expect(judged({ headers })).toEqual({ kind: 'drop', reason: 'expired' });
  });

  it('counts from the latest death that knows of an expiration', () => {
    const deaths = [
      death('rejected', undefined, 1),
      death('rejected', '9000', 3),
      death('expired', '5000', 9),
    ];
    expect(kept({ headers: { 'x-death': deaths } }).properties.expiration).toBe('7000');
  });

  it('is what the message itself says, when it does', () => {
    const headers = { 'x-death': [death('expired', '5000', 100)] };
    expect(kept({ headers, expiration: '700' }).properties.expiration).toBe('700');
  });

  it.each(['1e30', '1.5', '-1', '', ' ', 'Infinity', '0x10', '99999999999', null, true, 5, [5], {}])(
    'is not what was forged as %j: the broker closes the channel over such an expiration',
    (forged) => {
      const deaths = [{ ...death('rejected', undefined, 0), 'original-expiration': forged }];
      expect(kept({ headers: { 'x-death': deaths } }).properties.expiration).toBeUndefined();
    },
  );

  it('is no longer than the broker takes', () => {
    const headers = { 'x-death': [death('rejected', '9999999999', 0)] };
    expect(kept({ headers }).properties.expiration).toBe('4294967295');
  });
});

describe('what nobody could ever get', () => {
  it.each(['alice', 'alice..x', 'alice.*', 'a@b.x', 'alice.relay.unread'])('is rejected: %j', (key) => {
    expect(judged({}, key)).toEqual({
      kind: 'reject',
      reason: expect.stringMatching(/^nobody can subscribe to this key: /),
    });
  });

  it('is dropped without a word when it was worthless anyway', () => {
    expect(judged({ headers: { 'relay-unread': 'drop' } }, 'alice').kind).toBe('drop');
  });
});

describe('commands', () => {
  it.each(COMMANDS)('%s', (command) => {
    expect(commanded(command, '"alice.x"')).toEqual({ kind: 'command', command, key: 'alice.x' });
  });

  it.each([
    ['delete', '"alice.x"'],
    ['', '"alice.x"'],
    [undefined, '"alice.x"'],
    ['toString', '"alice.x"'],
    ['clear', 'alice.x'],
    ['clear', '"alice"'],
    ['clear', '{"key":"alice.x"}'],
    ['clear', '["alice.x"]'],
    ['clear', 'null'],
    ['clear', ''],
  ])('%j with %j is none, and put aside', (type, body) => {
    expect(commanded(type, body)).toEqual({ kind: 'reject', reason: expect.stringContaining('relay.user') });
  });

  const dead = (queue: string, exchange: string) => ({
    'x-death': [{ queue, exchange, reason: 'rejected' }],
  });

  it('come straight into the intake, or the queue of a relay, and no other way', () => {
    const body = Buffer.from('"alice.x"');
    const by = (headers: Record<string, unknown>) =>
      judge('relay.unread', 'relay.node.a', properties({ type: 'passed', headers }), body, NODE_TTL, NOW);
    expect(by(dead('relay.node.a', ''))).toEqual({ kind: 'command', command: 'passed', key: 'alice.x' });
    expect(by(dead('relay.node.a', 'relay.user')).kind).toBe('keep');
    expect(by(dead('orders', '')).kind).toBe('keep');
    expect(judged({ type: 'clear' }).kind).toBe('keep');
  });
});

it('judges whatever anybody may publish, and keeps only what the broker takes', () => {
  const value = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, maxDepth: 2 });
  const expiration = fc.oneof(value, fc.nat().map(String), fc.double().map(String), fc.bigInt().map(String));
  const deaths = fc.oneof(
    value,
    fc.array(
      fc.oneof(
        value,
        fc.record(
          { reason: fc.constantFrom('expired', 'rejected'), time: value, 'original-expiration': expiration },
          { requiredKeys: [] },
        ),
        fc.record({ time: fc.record({ value }), 'original-expiration': expiration }),
      ),
      { maxLength: 3 },
    ),
  );
  const headers = fc.oneof(
    fc.constant(undefined),
    fc.dictionary(fc.string(), value),
    fc.record({ 'x-death': deaths, 'relay-unread': value, CC: value }, { requiredKeys: ['x-death'] }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('', 'relay.unread', 'relay.user'),
      fc.oneof(fc.constant(KEY), fc.string()),
      fc.record({
        headers,
        type: fc.oneof(fc.constantFrom(...COMMANDS), fc.string(), fc.constant(undefined)),
      }),
      fc.oneof(fc.uint8Array(), fc.json()),
      (exchange, key, own, body) => {
        const given = properties(own);
        const verdict = judge(exchange, key, given, Buffer.from(body as string), NODE_TTL, NOW);
        expect(['keep', 'command', 'drop', 'reject']).toContain(verdict.kind);
        if (verdict.kind !== 'keep') return;
        const { expiration: left = '1', headers: published } = verdict.properties;
        expect(left).toMatch(/^[1-9]\d{0,9}$/);
        expect(Number(left)).toBeLessThan(2 ** 32);
        expect(Object.keys(published)).not.toEqual(expect.arrayContaining(['x-death']));
        expect(published).not.toHaveProperty('CC');
      },
    ),
    { numRuns: 2000 },
  );
});
