import { describe, expect, it } from 'vitest';
import { ask, type Refusal, serve } from './serve.js';

const LISTED = { RELAY_ALLOWED_ORIGINS: 'https://app.example,https://*.apps.example' };

const preflight = (origin: string, method = 'POST') => ({
  method: 'OPTIONS',
  headers: {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type',
  },
});

describe('pages of other Origins', () => {
  it.each(['https://app.example', 'https://one.apps.example'])(
    'a preflight from %s needs no token',
    async (origin) => {
      const { url } = await serve(LISTED);
      const { status, headers } = await ask(`${url}/api/unread/pull`, preflight(origin));
      expect(status).toBe(204);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
      expect(headers.get('access-control-allow-methods')?.split(',').sort()).toEqual([
        'DELETE',
        'GET',
        'POST',
        'PUT',
      ]);
      expect(headers.get('access-control-allow-headers')?.toLowerCase()).toBe(
        'authorization,content-type,idempotency-key,x-request-id,traceparent,tracestate',
      );
      expect(headers.get('vary')).toContain('Origin');
    },
  );

  it('a listed one may read answers and refusals', async () => {
    const { url } = await serve(LISTED);
    const headers = { origin: 'https://app.example' };
    for (const [asking, status] of [
      [{ as: 'alice', headers }, 200],
      [{ headers }, 401],
    ] as const) {
      const answer = await ask(`${url}/api/unread`, asking);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([
        status,
        'https://app.example',
      ]);
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
    }
  });

  it.each(['https://evil.example', 'https://evilapps.example', 'http://app.example', 'null'])(
    '%s is refused, whatever it asks',
    async (origin) => {
      const { url, store, metrics } = await serve(LISTED);
      for (const asking of [preflight(origin), { as: 'alice', headers: { origin } }]) {
        const { status, headers, body } = await ask<Refusal>(`${url}/api/unread`, asking);
        expect([status, body.error.code]).toEqual([403, 'ERR_ORIGIN']);
        expect(headers.get('access-control-allow-origin')).toBeNull();
        expect(headers.get('cache-control')).toBe('no-store');
      }
      expect(store.asked).toEqual([]);
      expect(await metrics.registry.metrics()).toContain('relay_denials_total{reason="ERR_ORIGIN"} 2');
    },
  );

  it.each(['https://anyone.example', 'null'])('%s, let in by *, gets no credentials', async (origin) => {
    const { url } = await serve({ RELAY_ALLOWED_ORIGINS: '*' });
    for (const asking of [preflight(origin), { as: 'alice', headers: { origin } }]) {
      const { status, headers } = await ask(`${url}/api/unread`, asking);
      expect([200, 204]).toContain(status);
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
  });

  it('without a list, only the own host is let in', async () => {
    const { url } = await serve();
    expect((await ask(`${url}/api/unread`, { as: 'alice', headers: { origin: url } })).status).toBe(200);
    const headers = { origin: 'http://127.0.0.1:1' };
    expect((await ask(`${url}/api/unread`, { as: 'alice', headers })).status).toBe(403);
  });

  it('behind a trusted proxy that rewrites Host, the own host is the one that the browser asked for', async () => {
    const headers = { origin: 'https://relay.example', 'x-forwarded-host': 'relay.example' };
    const { url } = await serve({ RELAY_TRUSTED_PROXIES: 'loopback' });
    expect((await ask(`${url}/api/unread`, { as: 'alice', headers })).status).toBe(200);
    const claimed = await serve();
    expect((await ask(`${claimed.url}/api/unread`, { as: 'alice', headers })).status).toBe(403);
  });

  it('what is not the API is shared with nobody', async () => {
    const { url } = await serve(LISTED);
    const { headers } = await ask(`${url}/healthz`, { headers: { origin: 'https://app.example' } });
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});
