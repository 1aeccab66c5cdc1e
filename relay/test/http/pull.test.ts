import { describe, expect, it } from 'vitest';
import { bodies, pull } from './pulling.js';
import { ask, type Refusal, serve } from './serve.js';

describe('pull', () => {
  it('hands out the oldest messages, with the lease to acknowledge them', async () => {
    const served = await serve();
    for (const body of ['one', 'two', 'three']) {
      served.store.put('alice', 'topic.reply', body, ['content-type', 'text/plain']);
    }
    const { status, headers, body } = await pull(served, { destination: '/topic/reply', limit: 2 });
    expect([status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
      200,
      'application/json; charset=utf-8',
      'no-store',
    ]);
    const shared = {
      destination: '/topic/reply',
      headers: { 'content-type': 'text/plain' },
      encoding: 'utf8',
    };
    expect(body).toEqual({
      messages: [
        { id: 'topic.reply-1', ...shared, body: 'one' },
        { id: 'topic.reply-2', ...shared, body: 'two' },
      ],
      lease: 'lease-1',
      expiresIn: 60,
      remaining: 1,
    });
    expect(served.store.givenBack).toEqual([]);
  });

  it('waits for what was published before, when asked to', async () => {
    const served = await serve();
    await pull(served, { destination: '/topic/reply', settled: true });
    await pull(served, { destination: '/topic/reply', settled: false });
    expect(served.store.asked.map(({ method }) => method)).toEqual(['passed', 'pull', 'pull']);
  });

  it('of an empty mailbox is an empty answer without a lease', async () => {
    const { status, body } = await pull(await serve(), { destination: '/topic/reply' });
    expect([status, body]).toEqual([200, { messages: [], lease: null, expiresIn: 0, remaining: 0 }]);
  });

  it.each([
    ['/topic/reply', 'topic.reply'],
    ['/user/topic/reply', 'topic.reply'],
    ['/topic.reply', 'topic.reply'],
    ['/queue/a/b.c', 'queue.a.b.c'],
    ['/user/user/x', 'user.x'],
    ['/user', 'user'],
    ['/__proto__', '__proto__'],
    ['/relays', 'relays'],
  ])(
    'takes %s for %s of the caller, and answers with the name that was asked for',
    async (destination, rest) => {
      const served = await serve();
      served.store.put('alice%40example%2Ecom', rest, 'hers');
      served.store.put('bob', rest, 'his');
      const answer = await pull(served, { destination }, 'alice@example.com');
      expect(answer.body.messages).toMatchObject([{ destination, body: 'hers' }]);
      expect(served.store.asked).toEqual([
        {
          method: 'pull',
          address: { userWord: 'alice%40example%2Ecom', rest },
          limits: { messages: 100, bytes: 8 * 1024 * 1024 },
        },
      ]);
    },
  );

  it.each([
    ['nothing', '', 'destination takes a destination such as /topic/reply'],
    ['no slash', 'topic/reply', 'destination takes a destination such as /topic/reply'],
    ['a number', 7, 'destination takes a destination such as /topic/reply'],
    ['an empty word', '/topic//reply', 'empty word'],
    ['nothing after /user', '/user/', 'empty word'],
    ['a wildcard', '/topic/#', 'names one user and one thing'],
    ['an escape', '/topic/a%2Fb', 'has a "%"'],
    ['a control character', '/topic/\u0000', 'control characters'],
    ['a broken surrogate pair', '/topic/\ud800', 'broken surrogate pairs'],
    ['the badge', '/relay.unread', 'keeps no mail'],
    ['the badge with its prefix', '/user/relay/unread', 'keeps no mail'],
    ['the name that the badge stands under', '/relay', 'reserved'],
    ['too long a name', `/${'x'.repeat(2000)}`, 'destination takes at most 1024 characters'],
    ['too long a key', `/${'x'.repeat(300)}`, 'at most 255'],
  ])('refuses a destination with %s', async (_name, destination, message) => {
    const served = await serve();
    for (const answer of [
      await ask<Refusal>(`${served.url}/api/unread/pull`, { as: 'alice', body: { destination } }),
      await ask<Refusal>(
        `${served.url}/api/unread?${new URLSearchParams({ destination: String(destination) })}`,
        {
          as: 'alice',
          method: 'DELETE',
        },
      ),
    ]) {
      // A query is text: 7 is no destination there either, and a broken pair arrives as U+FFFD.
      if (typeof destination === 'string' && destination.includes('\ud800') && answer.status === 200)
        continue;
      expect([answer.status, answer.body.error.code]).toEqual([400, expect.stringMatching(/^ERR_/)]);
      expect(answer.body.error.message).toContain(message);
    }
    expect(served.store.asked.filter(({ method }) => method === 'pull')).toEqual([]);
  });

  it.each([0, -1, 1001, 1.5, '5', null])('refuses a limit of %s', async (limit) => {
    const served = await serve();
    const body = { destination: '/topic/reply', limit };
    const answer = await ask<Refusal>(`${served.url}/api/unread/pull`, { as: 'alice', body });
    expect([answer.status, answer.body.error.message]).toEqual([
      400,
      'limit takes a whole number from 1 to 1000',
    ]);
  });

  it.each([1, 1000])('takes a limit of %i', async (limit) => {
    const served = await serve();
    expect((await pull(served, { destination: '/topic/reply', limit })).status).toBe(200);
    expect(served.store.asked).toMatchObject([{ limits: { messages: limit } }]);
  });

  it('is for whom the policy would let subscribe', async () => {
    const decide = () => ({ allowed: false, rule: { line: 12 }, headers: new Map() });
    const policy = { decide, mayManage: decide };
    const served = await serve({}, { policy });
    const answer = await ask<Refusal>(`${served.url}/api/unread/pull`, {
      as: 'alice',
      body: { destination: '/topic/reply' },
    });
    expect([answer.status, answer.body.error]).toEqual([
      403,
      { code: 'ERR_FORBIDDEN', message: expect.stringContaining('line 12'), requestId: expect.any(String) },
    ]);
    expect(served.store.asked).toEqual([]);
  });

  it.each([
    ['text', Buffer.from('grüße 😀 "\\\u2028\u0000'), 'utf8'],
    ['text that begins with a byte order mark', Buffer.from('\ufeffx'), 'utf8'],
    ['nothing', Buffer.alloc(0), 'utf8'],
    ['bytes', Buffer.from([0xff, 0, 1]), 'base64'],
    ['a surrogate in UTF-8, which is none', Buffer.from([0xed, 0xa0, 0x80]), 'base64'],
    ['text that was cut inside a character', Buffer.from('ü').subarray(0, 1), 'base64'],
  ] as const)('brings a body of %s unchanged', async (_name, sent, encoding) => {
    const served = await serve();
    served.store.put('alice', 'topic.reply', sent);
    const [message] = (await pull(served, { destination: '/topic/reply' })).body.messages;
    expect(message?.encoding).toBe(encoding);
    expect(Buffer.from(message?.body ?? '', encoding).equals(sent)).toBe(true);
  });

  it('shows the first of several headers of one name, whatever it is called', async () => {
    const served = await serve();
    const names = ['__proto__', 'constructor', 'toString', ''];
    const headers = names.flatMap((name) => [name, `${name} first`, name, 'second']);
    served.store.put('alice', 'topic.reply', 'x', headers);
    const [message] = (await pull(served, { destination: '/topic/reply' })).body.messages;
    expect(Object.entries(message?.headers ?? {})).toEqual(names.map((name) => [name, `${name} first`]));
  });

  it('brings a thousand messages and eight megabytes whole and in order', async () => {
    const served = await serve();
    const sent = Array.from({ length: 1000 }, (_, i) => `${i} ${'ü'.repeat(4000)}`);
    for (const body of sent) served.store.put('alice', 'topic.reply', body);
    expect(bodies(await pull(served, { destination: '/topic/reply', limit: 1000 }))).toEqual(sent);
  });
});
