import { describe, expect, it } from 'vitest';
import { createVerifier } from '../../src/auth/verifier.js';
import type { Readiness } from '../../src/http/probes.js';
import { secret, serve, UP } from './serve.js';

async function at(env: Record<string, string> = {}, readiness = () => UP): Promise<string> {
  return (await serve(env, { readiness })).url;
}

const DOWN: Readiness = {
  ready: false,
  parts: { amqp: { up: false, error: 'refused' }, users: { up: true } },
};

function post(url: string, body: string, type = 'application/json'): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': type } });
}

describe('probes', () => {
  it('healthz answers while the process lives, whatever the broker does', async () => {
    const url = await at({}, () => DOWN);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it.each([
    [200, UP],
    [503, DOWN],
  ])('readyz answers %i, with each part and its last error', async (status, state) => {
    const response = await fetch(`${await at({}, () => state)}/readyz`);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(state);
  });

  it('metrics are in the format of Prometheus', async () => {
    const response = await fetch(`${await at()}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(await response.text()).toContain('relay_sessions 0');
  });

  it.each(['/METRICS', '/metrics/', '/Healthz', '/readyz/', '/Broker/', '/API/unread'])(
    'have no second spelling that a proxy’s rule would miss: %s',
    async (path) => {
      const url = await at({ RABBITMQ_MANAGEMENT_URL: 'http://127.0.0.1:9' });
      expect((await fetch(url + path)).status).toBe(404);
    },
  );
});

describe('the demo token', () => {
  it('is good, and nobody may keep it', async () => {
    const response = await post(`${await at({ RELAY_DEMO: '1' })}/demo/token`, '{"user":"alice"}');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { token } = (await response.json()) as { token: string };
    expect((await createVerifier({ secret }).verify(token)).user).toBe('alice');
  });

  it('has the issuer, the audience and the claim that the relay wants', async () => {
    const env = {
      RELAY_JWT_ISSUER: 'https://idp.example',
      RELAY_JWT_AUDIENCE: 'one,two',
      RELAY_USER_CLAIM: 'name',
    };
    const response = await post(`${await at({ RELAY_DEMO: '1', ...env })}/demo/token`, '{"user":"alice"}');
    const { token } = (await response.json()) as { token: string };
    const { RELAY_JWT_ISSUER: issuer } = env;
    const verifier = createVerifier({ secret, issuer, audience: ['two', 'one'], userClaim: 'name' });
    expect((await verifier.verify(token)).user).toBe('alice');
  });

  it.each(['{}', '{"user":""}', '{"user":7}', '[]', '{', '"alice"', `{"user":"${'x'.repeat(5000)}"}`])(
    'is not given for %s',
    async (body) => {
      const response = await post(`${await at({ RELAY_DEMO: '1' })}/demo/token`, body);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
      expect(await response.json()).toMatchObject({
        error: { code: expect.stringMatching(/^ERR_/), message: expect.stringMatching(/./) },
      });
    },
  );

  it('is not given without a body', async () => {
    const response = await fetch(`${await at({ RELAY_DEMO: '1' })}/demo/token`, { method: 'POST' });
    expect(response.status).toBe(400);
  });

  it('exists in demo mode only', async () => {
    expect((await post(`${await at()}/demo/token`, '{"user":"alice"}')).status).toBe(404);
  });
});

describe('everything else', () => {
  it('is a 404 in JSON', async () => {
    const response = await fetch(`${await at()}/nowhere`);
    expect([response.status, await response.json()]).toEqual([
      404,
      { error: { code: 'ERR_NOT_FOUND', message: expect.any(String), requestId: expect.any(String) } },
    ]);
  });

  it.each(['/%', '//', '/..%2f..%2fpackage.json', '/../package.json', '/.env'])(
    '%s harms nothing',
    async (path) => {
      const response = await fetch((await at()) + path);
      expect(response.status).toBeLessThan(500);
      expect(await response.text()).not.toContain('"dependencies"');
    },
  );

  it('does not say what it is made of', async () => {
    const { headers } = await fetch(`${await at()}/healthz`);
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
  });

  it.each([
    ['TLS is its own', { RELAY_TLS_CERT: 'cert.pem', RELAY_TLS_KEY: 'key.pem' }, 'max-age=31536000'],
    ['TLS is the business of a proxy', {}, null],
  ])('has browsers insist on TLS only where %s', async (_name, env, header) => {
    const { headers } = await fetch(`${await at(env)}/healthz`);
    expect(headers.get('strict-transport-security')).toBe(header);
  });

  it('tells nothing of an unexpected error', async () => {
    const url = await at({}, () => {
      throw new Error('a secret detail');
    });
    const response = await fetch(`${url}/readyz`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('a secret detail');
  });
});
