import { describe, expect, it } from 'vitest';
import { AuthError } from '../../src/errors.js';
import { inSeconds, secretToken, unsignedToken } from '../support/tokens.js';
import { type Asking, ask, type Refusal, type Served, secret, serve } from './serve.js';

const alice = () => secretToken(secret, { sub: 'alice' });

/** Counts as alice, who has one message, see it. */
async function counted(served: Served, asking: Asking, query = ''): Promise<unknown> {
  served.store.put('alice', 'topic.reply', 'hello');
  const { status, body } = await ask(`${served.url}/api/unread${query}`, asking);
  return status === 200 ? body : status;
}

/** Tickets are for WebSockets. */
const never = () => Promise.reject(new Error('asked for a ticket'));

const SEEN = { counts: { '/topic/reply': 1 }, total: 1 };

describe('the token of a request to the API', () => {
  it.each([
    ['Authorization', async () => [{ headers: { authorization: `Bearer ${await alice()}` } }, '']],
    ['?access_token=', async () => [{}, `?access_token=${await alice()}`]],
    ['?token=', async () => [{}, `?token=${await alice()}`]],
    [
      'the cookie, from a page of the own host that sends no Origin',
      async () => [
        { headers: { cookie: `relay_token=${await alice()}`, 'sec-fetch-site': 'same-origin' } },
        '',
      ],
    ],
    [
      'the cookie, from a listed Origin',
      async () => [
        { headers: { cookie: `relay_token=${await alice()}`, origin: 'https://app.example' } },
        '',
      ],
    ],
  ] satisfies [string, () => Promise<[Asking, string]>][])('is taken from %s', async (_name, make) => {
    const served = await serve({ RELAY_ALLOWED_ORIGINS: 'https://app.example' });
    const [asking, query] = await make();
    expect(await counted(served, asking, query)).toEqual(SEEN);
  });

  it('is taken from the cookie when the page is of the own host', async () => {
    const served = await serve();
    const headers = { cookie: `relay_token=${await alice()}`, origin: served.url };
    expect(await counted(served, { headers })).toEqual(SEEN);
  });

  it('is taken from the cookie when a trusted proxy says that the page is of the own host', async () => {
    const headers = {
      cookie: `relay_token=${await alice()}`,
      origin: 'https://relay.example',
      'x-forwarded-host': 'relay.example',
    };
    expect(await counted(await serve({ RELAY_TRUSTED_PROXIES: 'loopback' }), { headers })).toEqual(SEEN);
    expect(await counted(await serve({ RELAY_TRUSTED_PROXIES: '192.0.2.1' }), { headers })).toBe(403);
  });

  it.each([
    ['a request without Origin', {}],
    ['another site that sends no Origin', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour under the same domain', { 'sec-fetch-site': 'same-site' }],
    ['an Origin that is let in by * alone', { origin: 'https://evil.example' }],
  ] satisfies [string, Record<string, string>][])(
    'is not taken from the cookie of %s',
    async (_name, headers) => {
      const served = await serve({ RELAY_ALLOWED_ORIGINS: 'https://app.example,*' });
      expect(await counted(served, { headers: { ...headers, cookie: `relay_token=${await alice()}` } })).toBe(
        401,
      );
    },
  );

  it('missing: 401, and the challenge names no error', async () => {
    const { url, metrics } = await serve();
    const { status, headers, body } = await ask<Refusal>(`${url}/api/unread`);
    expect([status, headers.get('www-authenticate'), headers.get('cache-control')]).toEqual([
      401,
      'Bearer',
      'no-store',
    ]);
    expect(body.error).toEqual({
      code: 'ERR_TOKEN_MISSING',
      message: expect.stringContaining('Authorization: Bearer'),
      requestId: expect.any(String),
    });
    expect(await metrics.registry.metrics()).toContain('relay_denials_total{reason="ERR_TOKEN_MISSING"} 1');
  });

  it.each([
    ['expired', 'ERR_TOKEN_EXPIRED', () => secretToken(secret, { sub: 'alice', exp: inSeconds(-60) })],
    ['signed by nobody', 'ERR_TOKEN_ALGORITHM', async () => unsignedToken({ sub: 'alice' })],
    ['of another key', 'ERR_TOKEN_SIGNATURE', () => secretToken(`${secret}!`, { sub: 'alice' })],
    ['of nobody', 'ERR_TOKEN_USER', () => secretToken(secret, {})],
  ])('%s: 401, and the challenge says so', async (_name, code, make) => {
    const { url } = await serve();
    const token = await make();
    const answer = await ask<Refusal>(`${url}/api/unread`, { headers: { authorization: `Bearer ${token}` } });
    expect([answer.status, answer.body.error.code]).toEqual([401, code]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
  });

  it('that cannot be checked now: 503, and when to come again', async () => {
    const away = new AuthError('ERR_KEYS_UNAVAILABLE', 'the keys cannot be fetched', 'internal');
    const { url } = await serve({}, { signIn: { withToken: () => Promise.reject(away), withTicket: never } });
    const { status, headers, body } = await ask<Refusal>(`${url}/api/unread`, { as: 'alice' });
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '1', 'ERR_KEYS_UNAVAILABLE']);
    expect(headers.get('www-authenticate')).toBeNull();
  });

  it('is checked for the address that the trusted proxy names', async () => {
    const asked: string[] = [];
    const signIn = {
      withToken: (_token: string, address: string) => {
        asked.push(address);
        return Promise.reject(new AuthError('ERR_TOKEN_SIGNATURE', 'bad'));
      },
      withTicket: never,
    };
    const { url } = await serve({ RELAY_TRUSTED_PROXIES: 'loopback' }, { signIn });
    await ask(`${url}/api/unread`, { as: 'alice', headers: { 'x-forwarded-for': '192.0.2.66, 192.0.2.7' } });
    expect(asked).toEqual(['192.0.2.7']);
  });

  it.each(['access_token', 'token'])('never gets into the log from ?%s=', async (name) => {
    const served = await serve();
    const bad = await secretToken(`${secret}!`, { sub: 'alice' });
    await ask(`${served.url}/api/unread?${name}=${bad}`);
    served.store.failure = new Error('broken');
    const good = await alice();
    await ask(`${served.url}/api/unread?${name}=${good}`);
    expect(served.log().match(/\[redacted\]/g)).toHaveLength(2);
    for (const token of [bad, good]) expect(served.log()).not.toContain(token.split('.')[1]);
  });

  it.each([
    ['POST', '/api/unread/pull', { destination: '/topic/reply' }],
    ['POST', '/api/unread/ack', { lease: 'x' }],
    ['GET', '/api/unread', undefined],
    ['DELETE', '/api/unread', undefined],
  ])('is needed for %s %s, before anything is read', async (method, path, body) => {
    const { url, store } = await serve();
    expect((await ask(url + path, { method, body })).status).toBe(401);
    expect((await ask(url + path, { method, ...(body ? { body: '{' } : {}) })).status).toBe(401);
    expect(store.asked).toEqual([]);
  });
});
