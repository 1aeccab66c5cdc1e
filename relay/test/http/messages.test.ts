import { describe, expect, it } from 'vitest';
import { RelayError } from '../../src/errors.js';
import { loadPolicy } from '../../src/policy/load.js';
import { type HeaderList, header } from '../../src/stomp/frame.js';
import { secretToken } from '../support/tokens.js';
import { ask, type Refusal, type Served, secret, serve } from './serve.js';

const policy = loadPolicy(
  `
version: 1
rules:
  - send: ['/user/*/topic/#', /topic/open, /temp-queue/*]
  - deny: true
    send: '/user/boss/#'
`,
  'test',
);

interface Published {
  headers: HeaderList;
  body: string;
}

async function serving(env: Record<string, string> = {}): Promise<Served & { published: Published[] }> {
  const published: Published[] = [];
  const publish = async (headers: HeaderList, body: Buffer) => {
    published.push({ headers, body: body.toString('latin1') });
  };
  return { ...(await serve(env, { policy, publish })), published };
}

function post(url: string, body: unknown, user = 'bob', headers: Record<string, string> = {}) {
  return ask<Refusal & { id: string }>(`${url}/api/users/${encodeURIComponent(user)}/messages`, {
    as: 'alice',
    method: 'POST',
    body,
    headers,
  });
}

/** The whole list, so that nothing else goes along. */
function pairs({ headers }: Published): [string, string][] {
  return headers.flatMap((name, i) =>
    i % 2 === 0 ? [[name, headers[i + 1] ?? ''] as [string, string]] : [],
  );
}

describe('POST /api/users/{user}/messages', () => {
  it('publishes what SEND to that user would', async () => {
    const { url, published } = await serving();
    const answer = await post(url, {
      destination: '/topic/reply',
      body: 'hällo',
      headers: {
        ...{ 'content-type': 'text/plain', 'correlation-id': '7', mine: 'x', 'relay-unread': 'drop' },
        ...{
          'relay-user': 'root',
          'user-id': 'root',
          CC: 'bob.topic.x',
          destination: '/queue/x',
          receipt: 'r',
        },
        ...{ 'amqp-message-id': 'my id', durable: 'true' },
      },
    });
    expect([answer.status, answer.body]).toEqual([200, { id: 'my id' }]);
    expect(published).toHaveLength(1);
    expect(pairs(published[0] as Published)).toEqual([
      ['destination', '/exchange/relay.user/bob.topic.reply'],
      ['relay-user', 'alice'],
      ['content-type', 'text/plain'],
      ['correlation-id', '7'],
      ['mine', 'x'],
      ['relay-unread', 'drop'],
      ['amqp-message-id', 'my id'],
      ['relay-published-at', expect.stringMatching(/^\d{13}$/)],
      ['persistent', 'true'],
    ]);
    expect(Buffer.from(published[0]?.body ?? '', 'latin1').toString()).toBe('hällo');
  });

  it.each([
    ['alice@example.com', 'alice%40example%2Ecom'],
    ['a%b', 'a%25b'],
    ['*', '%2A'],
    ['Zoë', 'Zo%C3%AB'],
  ])('finds the user %s', async (user, word) => {
    const { url, published } = await serving();
    for (const destination of ['/topic/a.b', '/user/topic/a.b']) {
      expect((await post(url, { destination }, user)).status).toBe(200);
      expect(published.at(-1)?.headers[1]).toBe(`/exchange/relay.user/${word}.topic.a.b`);
    }
  });

  it('names every message: as its sender does, or by Idempotency-Key, or by itself', async () => {
    const { url, published } = await serving();
    const id = () => header(published.at(-1)?.headers ?? [], 'amqp-message-id');
    const keyed = await post(url, { destination: '/topic/x' }, 'bob', { 'idempotency-key': 'key 1' });
    expect([keyed.body.id, id()]).toEqual(['key 1', 'key 1']);
    const one = await post(url, { destination: '/topic/x' });
    expect([one.body.id, one.body.id.length]).toEqual([id(), 36]);
    expect((await post(url, { destination: '/topic/x' })).body.id).not.toBe(one.body.id);
  });

  it('takes any bytes as base64', async () => {
    const { url, published } = await serving();
    const body = Buffer.from([0, 255, 10]).toString('base64');
    expect((await post(url, { destination: '/topic/x', body, encoding: 'base64' })).status).toBe(200);
    expect(published[0]?.body).toBe('\0\xff\n');
  });

  it.each<[string, object]>([
    ['a body that is no string', { body: { a: 1 } }],
    ['no base64', { body: 'a', encoding: 'base64' }],
    ['base64 of the other alphabet', { body: '_-__', encoding: 'base64' }],
    ['half of a character', { body: '\ud800' }],
    ['another encoding', { encoding: 'hex' }],
    ['a header that is no string', { headers: { a: 1 } }],
    ['headers that are a list', { headers: ['a', 'b'] }],
    ['a priority that AMQP has not', { headers: { priority: '256' } }],
    ['the broker’s message-id', { headers: { 'message-id': 'x' } }],
    ['an id that is too long', { headers: { 'amqp-message-id': 'x'.repeat(256) } }],
    ['a reply-to nowhere', { headers: { 'reply-to': '/x' } }],
    ['a temporary queue', { headers: { 'reply-to': '/temp-queue/x' } }],
    ['another field', { persistent: true }],
    ['a destination of the relay’s own', { destination: '/relay.unread' }],
    ['a wildcard', { destination: '/topic/*' }],
    ['two words without anything between', { destination: '/topic//x' }],
    ['a destination without a slash', { destination: 'topic/x' }],
    ['what would be another user', { destination: '/../boss/topic/x' }],
  ])('refuses %s', async (_what, wrong) => {
    const { url, published } = await serving();
    const { status, body } = await post(url, { destination: '/topic/x', ...wrong });
    expect([status, body.error?.message]).toEqual([400, expect.stringMatching(/./)]);
    expect(published).toEqual([]);
  });

  it.each([
    ['a user whom a rule protects', 'boss', '/topic/x', {}],
    ['a destination that no rule allows', 'bob', '/secret/x', {}],
    ['a reply-to that the sender may not send to', 'bob', '/topic/x', { 'reply-to': '/topic/shut' }],
    ['a plain reply-to', 'bob', '/topic/x', { 'reply-to': 'vault' }],
    ['the reply queue of somebody else', 'bob', '/topic/x', { 'reply-to': '/reply-queue/amq.gen-x' }],
  ])('is forbidden to %s, with the reason', async (_what, user, destination, headers) => {
    const { url, published } = await serving();
    const { status, body } = await post(url, { destination, headers }, user);
    expect([status, body.error.code]).toEqual([403, 'ERR_FORBIDDEN']);
    expect(published).toEqual([]);
  });

  it('passes on where the sender wants an answer', async () => {
    const { url, published } = await serving();
    for (const [replyTo, told] of [
      ['/user/topic/answers', '/exchange/relay.user/alice.topic.answers'],
      ['/topic/open', '/topic/open'],
    ] as const) {
      await post(url, { destination: '/topic/x', headers: { 'reply-to': replyTo } });
      expect(header(published.at(-1)?.headers ?? [], 'reply-to')).toBe(told);
    }
  });

  it('keeps headers with the names of an object’s own parts', async () => {
    const { url, published } = await serving();
    const text = '{"destination":"/topic/x","headers":{"constructor":"a","toString":"b"}}';
    expect((await post(url, text)).status).toBe(200);
    expect(published[0]?.headers).toEqual(expect.arrayContaining(['constructor', 'a', 'toString', 'b']));
  });

  it.each([
    ['ERR_BROKER_UNAVAILABLE', 'brokerUnavailable'],
    ['ERR_SEND_TIMEOUT', 'brokerUnavailable'],
    ['ERR_RELAY_CLOSING', 'goingAway'],
  ] as const)('answers 503 with Retry-After when it cannot be sent: %s', async (code, closure) => {
    const publish = () => Promise.reject(new RelayError(code, 'not now', closure));
    const { url } = await serve({}, { policy, publish });
    const { status, headers, body } = await post(url, { destination: '/topic/x' });
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '1', code]);
  });
});

describe('the size of a message', () => {
  const filled = (bytes: number) => {
    const empty = JSON.stringify({ destination: '/topic/x', body: '' });
    return JSON.stringify({ destination: '/topic/x', body: 'x'.repeat(bytes - empty.length) });
  };

  it('is that of a frame, not that of other requests', async () => {
    const { url, published, metrics } = await serving({
      RELAY_MAX_FRAME_BYTES: '100000',
      RELAY_MAX_BODY_BYTES: '1024',
    });
    expect((await post(url, filled(100_000))).status).toBe(200);
    const { status, body } = await post(url, filled(100_001));
    expect([status, body.error.message]).toEqual([413, 'the body takes at most 100000 bytes']);
    expect(published).toHaveLength(1);
    expect(await metrics.registry.metrics()).toContain('relay_limits_total{limit="RELAY_MAX_FRAME_BYTES"} 1');
  });

  it('counts: a large one is as much as many small ones', async () => {
    const { url } = await serving({ RELAY_HTTP_RATE: '1', RELAY_MAX_BODY_BYTES: '1024' });
    // Two at once, or one of two thousand bytes.
    expect((await post(url, filled(2000))).status).toBe(200);
    const { status, headers } = await post(url, { destination: '/topic/x' });
    expect(status).toBe(429);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('counts at its most when it is not announced', async () => {
    const { url } = await serving({ RELAY_HTTP_RATE: '1', RELAY_MAX_BODY_BYTES: '1024' });
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('{"destination":"/topic/x"}'));
        controller.close();
      },
    });
    const authorization = `Bearer ${await secretToken(secret, { sub: 'alice' })}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const path = `${url}/api/users/bob/messages`;
    expect((await fetch(path, { method: 'POST', headers, body, duplex: 'half' } as RequestInit)).status).toBe(
      200,
    );
    expect((await post(url, { destination: '/topic/x' })).status).toBe(429);
  });

  it.each([
    [
      'as many headers as a frame',
      { RELAY_MAX_HEADERS: '8' },
      Object.fromEntries('abcdefgh'.split('').map((n) => [n, 'x'])),
    ],
    ['as long a header', { RELAY_MAX_HEADER_BYTES: '256' }, { a: 'x'.repeat(256) }],
  ])('has %s', async (_what, env, headers) => {
    const { url } = await serving(env);
    expect((await post(url, { destination: '/topic/x', headers })).status).toBe(413);
    expect((await post(url, { destination: '/topic/x', headers: { a: 'x' } })).status).toBe(200);
  });
});
