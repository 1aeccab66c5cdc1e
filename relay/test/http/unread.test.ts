import { describe, expect, it } from 'vitest';
import { UnreadError } from '../../src/unread/errors.js';
import { bodies, pull } from './pulling.js';
import { ask, type Refusal, serve } from './serve.js';

describe('ack', () => {
  it('says how many messages the lease had', async () => {
    const served = await serve();
    for (const body of ['one', 'two']) served.store.put('alice', 'topic.reply', body);
    const { lease } = (await pull(served, { destination: '/topic/reply' })).body;
    const answer = await ask(`${served.url}/api/unread/ack`, { as: 'alice', body: { lease } });
    expect([answer.status, answer.body]).toEqual([200, { acknowledged: 2 }]);
  });

  it('of a lease that is over, or another’s, is 410', async () => {
    const served = await serve();
    served.store.put('alice', 'topic.reply', 'one');
    const { lease } = (await pull(served, { destination: '/topic/reply' })).body;
    for (const [as, name] of [
      ['bob', lease],
      ['alice', 'no-such-lease'],
    ]) {
      const answer = await ask<Refusal>(`${served.url}/api/unread/ack`, {
        as: as ?? '',
        body: { lease: name },
      });
      expect([answer.status, answer.body.error.code]).toEqual([410, 'ERR_LEASE_OVER']);
    }
  });

  it.each([undefined, '', 7, null, ['x'], 'x'.repeat(1025)])('refuses %s for a lease', async (lease) => {
    const { url } = await serve();
    const { status, body } = await ask<Refusal>(`${url}/api/unread/ack`, { as: 'alice', body: { lease } });
    expect([status, body.error.message]).toEqual([400, 'lease takes the lease that a pull gave']);
  });
});

describe('counts', () => {
  it('are the caller’s own, by destination', async () => {
    const { url, store } = await serve();
    for (const rest of ['topic.reply', 'topic.reply', 'queue.a.b', 'x', '__proto__', 'constructor']) {
      store.put('alice', rest, 'one');
    }
    store.put('bob', 'topic.his', 'one');
    const { status, body } = await ask<{ counts: object; total: number }>(`${url}/api/unread`, {
      as: 'alice',
    });
    expect([status, body.total, Object.entries(body.counts).sort()]).toEqual([
      200,
      6,
      [
        ['/__proto__', 1],
        ['/constructor', 1],
        ['/queue/a.b', 1],
        ['/topic/reply', 2],
        ['/x', 1],
      ],
    ]);
  });

  it('name destinations as a pull takes them', async () => {
    const served = await serve();
    served.store.put('alice', 'queue.a.b', 'one');
    const { body } = await ask<{ counts: object }>(`${served.url}/api/unread`, { as: 'alice' });
    const [destination] = Object.keys(body.counts);
    expect(bodies(await pull(served, { destination }))).toEqual(['one']);
  });

  it('of a user without mail are none', async () => {
    const { url } = await serve();
    expect((await ask(`${url}/api/unread`, { as: 'alice' })).body).toEqual({ counts: {}, total: 0 });
  });
});

describe('clear', () => {
  it.each([
    ['everything', '', 3, undefined],
    ['one destination', '?destination=/topic/reply', 2, 'topic.reply'],
    ['one destination with its prefix', '?destination=%2Fuser%2Ftopic%2Freply', 2, 'topic.reply'],
  ])('%s', async (_name, query, cleared, rest) => {
    const { url, store } = await serve();
    for (const name of ['topic.reply', 'topic.reply', 'queue.x']) store.put('alice', name, 'one');
    store.put('bob', 'topic.reply', 'his');
    const answer = await ask(`${url}/api/unread${query}`, { as: 'alice', method: 'DELETE' });
    expect([answer.status, answer.body]).toEqual([200, { cleared }]);
    expect(store.asked).toEqual([{ method: 'clear', userWord: 'alice', rest }]);
    expect((await store.counts('bob')).size).toBe(1);
  });

  it.each([
    [
      'a field that is misspelt',
      '?destiantion=/topic/reply',
      'the query has "destiantion", but takes destination',
    ],
    ['two destinations', '?destination=/topic/a&destination=/topic/b', 'destination takes'],
    ['an empty destination', '?destination=', 'destination takes'],
  ])('refuses %s rather than clearing everything', async (_name, query, message) => {
    const { url, store } = await serve();
    const answer = await ask<Refusal>(`${url}/api/unread${query}`, { as: 'alice', method: 'DELETE' });
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(message)]);
    expect(store.asked).toEqual([]);
  });

  it('refuses a destination in the body rather than clearing everything', async () => {
    const { url, store } = await serve();
    const body = { destination: '/topic/reply' };
    const answer = await ask<Refusal>(`${url}/api/unread`, { as: 'alice', method: 'DELETE', body });
    expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining('query')]);
    expect(store.asked).toEqual([]);
  });
});

describe('a store that cannot', () => {
  it.each([
    [503, 'ERR_BROKER_UNAVAILABLE', '1'],
    [429, 'ERR_TOO_MANY_LEASES', '1'],
    [409, 'ERR_CONFLICT', null],
  ] as const)('is a %i, with when to come again where that helps', async (status, code, retryAfter) => {
    const { url, store } = await serve();
    store.failure = new UnreadError(code, 'not now', status);
    for (const asking of [
      { path: '/api/unread/pull', body: { destination: '/topic/reply' } },
      { path: '/api/unread/ack', body: { lease: 'x' } },
      { path: '/api/unread' },
      { path: '/api/unread', method: 'DELETE' },
    ]) {
      const answer = await ask<Refusal>(url + asking.path, { as: 'alice', ...asking });
      expect([answer.status, answer.headers.get('retry-after'), answer.body]).toEqual([
        status,
        retryAfter,
        { error: { code, message: 'not now', requestId: expect.any(String) } },
      ]);
    }
  });

  it('for a reason of its own tells nothing of it', async () => {
    const { url, store, log } = await serve();
    store.failure = new Error('a secret detail');
    const answer = await ask<Refusal>(`${url}/api/unread`, { as: 'alice' });
    expect([answer.status, answer.body.error]).toEqual([
      500,
      { code: 'ERR_INTERNAL', message: 'internal error', requestId: expect.any(String) },
    ]);
    expect(log()).toContain('a secret detail');
  });
});
