import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { secretToken } from '../support/tokens.js';
import { ask, type Refusal, secret, serve } from './serve.js';

describe('the body of a request', () => {
  it.each([
    ['nothing', undefined, 400, 'ERR_BAD_REQUEST', 'the body takes a JSON object with destination, limit'],
    ['broken JSON', '{"destination":', 400, 'ERR_BAD_JSON', 'not a JSON object'],
    ['a text', '"x"', 400, 'ERR_BAD_JSON', 'not a JSON object'],
    ['a list', '[]', 400, 'ERR_BAD_REQUEST', 'the body takes a JSON object with destination, limit'],
    ['null', 'null', 400, 'ERR_BAD_JSON', 'not a JSON object'],
    ['no field', '{}', 400, 'ERR_BAD_REQUEST', 'destination takes a destination such as /topic/reply'],
    [
      'a field that is not known',
      '{"destination":"/topic/x","limti":1}',
      400,
      'ERR_BAD_REQUEST',
      'the body has "limti", but takes destination, limit',
    ],
    [
      'two faults',
      '{"destination":"x","limit":0}',
      400,
      'ERR_BAD_REQUEST',
      'destination takes a destination such as /topic/reply; limit takes a whole number from 1 to 1000',
    ],
    [
      'too much',
      `{"destination":"/topic/x","limit":1${' '.repeat(16_384)}}`,
      413,
      'ERR_TOO_LARGE',
      'the body takes at most 16384 bytes',
    ],
  ])('%s is refused with what it takes', async (_name, body, status, code, message) => {
    const { url, store } = await serve();
    const answer = await ask<Refusal>(`${url}/api/unread/pull`, { as: 'alice', method: 'POST', body });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.body.error.message).toContain(message);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(store.asked).toEqual([]);
  });

  it('of exactly 16 kB is read', async () => {
    const { url } = await serve();
    const body = '{"destination":"/topic/x"}'.padEnd(16_384);
    expect((await ask(`${url}/api/unread/pull`, { as: 'alice', body })).status).toBe(200);
  });

  it('may be larger or must be smaller by RELAY_MAX_BODY_BYTES', async () => {
    const { url, metrics } = await serve({ RELAY_MAX_BODY_BYTES: '20000' });
    const pull = (bytes: number) =>
      ask<Refusal>(`${url}/api/unread/pull`, {
        as: 'alice',
        body: '{"destination":"/topic/x"}'.padEnd(bytes),
      });
    expect((await pull(20_000)).status).toBe(200);
    const { status, body } = await pull(20_001);
    expect([status, body.error.message]).toEqual([413, 'the body takes at most 20000 bytes']);
    expect(await metrics.registry.metrics()).toContain('relay_limits_total{limit="RELAY_MAX_BODY_BYTES"} 1');
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1', ''])(
    'of type "%s" is refused',
    async (type) => {
      const { url, store } = await serve();
      const answer = await ask<Refusal>(`${url}/api/unread/pull`, {
        as: 'alice',
        body: { destination: '/topic/x' },
        headers: { 'content-type': type },
      });
      expect([answer.status, answer.body.error.code]).toEqual([415, 'ERR_UNSUPPORTED_MEDIA_TYPE']);
      expect(store.asked).toEqual([]);
    },
  );

  it('compressed is refused, so that nothing small can become large', async () => {
    const { url } = await serve();
    const response = await fetch(`${url}/api/unread/pull`, {
      method: 'POST',
      body: gzipSync('{"destination":"/topic/x"}'),
      headers: {
        authorization: `Bearer ${await secretToken(secret, { sub: 'alice' })}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
    });
    expect(response.status).toBe(415);
  });

  it('in UTF-8 that says so is read', async () => {
    const { url } = await serve();
    const headers = { 'content-type': 'application/json; charset=UTF-8' };
    const body = { destination: '/topic/ü' };
    expect((await ask(`${url}/api/unread/pull`, { as: 'alice', body, headers })).status).toBe(200);
  });
});

describe('a query', () => {
  it.each(['/api/unread', '/api/unread/pull'])('of %s takes no field but the token', async (path) => {
    const { url } = await serve();
    const body = path.endsWith('pull') ? { destination: '/topic/x' } : undefined;
    const answer = await ask<Refusal>(`${url}${path}?limit=5`, { as: 'alice', body });
    expect([answer.status, answer.body.error.message]).toEqual([
      400,
      'the query has "limit", but takes nothing',
    ]);
  });
});

describe('a method that a path does not have', () => {
  it.each([
    ['/api/unread', 'PUT', 'GET, DELETE, HEAD, OPTIONS'],
    ['/api/unread', 'POST', 'GET, DELETE, HEAD, OPTIONS'],
    ['/api/unread/pull', 'GET', 'POST, OPTIONS'],
    ['/api/unread/pull', 'HEAD', 'POST, OPTIONS'],
    ['/api/unread/ack', 'DELETE', 'POST, OPTIONS'],
    ['/api/openapi.json', 'POST', 'GET, HEAD, OPTIONS'],
    ['/healthz', 'POST', 'GET, HEAD, OPTIONS'],
    ['/readyz', 'DELETE', 'GET, HEAD, OPTIONS'],
    ['/metrics', 'PUT', 'GET, HEAD, OPTIONS'],
    ['/demo/token', 'GET', 'POST, OPTIONS'],
  ])('%s %s is answered with those that it has', async (path, method, allow) => {
    const { url } = await serve({ RELAY_DEMO: '1' });
    const { status, headers } = await ask(url + path, { method, as: 'alice' });
    expect([status, headers.get('allow')]).toEqual([405, allow]);
    const options = await ask(url + path, { method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, allow]);
  });

  it.each(['/api', '/api/', '/api/nowhere', '/api/unread/pull/more'])('%s is nowhere', async (path) => {
    const { url } = await serve();
    const answer = await ask<Refusal>(url + path, { as: 'alice' });
    expect([answer.status, answer.body.error.code]).toEqual([404, 'ERR_NOT_FOUND']);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });
});
