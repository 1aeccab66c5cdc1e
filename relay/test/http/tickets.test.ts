import { expect, it } from 'vitest';
import { secretToken } from '../support/tokens.js';
import { ask, type Refusal, secret, serve } from './serve.js';

interface Ticket {
  url: string;
  expiresIn: number;
}

it('is an address on the host that was asked, good for 30 s', async () => {
  const { url, port } = await serve();
  const { status, headers, body } = await ask<Ticket>(`${url}/api/tickets`, { as: 'alice', method: 'POST' });
  expect([status, headers.get('cache-control'), body.expiresIn]).toEqual([200, 'no-store', 30]);
  expect(body.url).toMatch(new RegExp(`^ws://127\\.0\\.0\\.1:${port}/socket/test-inbox-1\\.[\\w-]{43}$`));
});

it('takes an empty object for no body, and nothing else', async () => {
  const { url } = await serve();
  expect((await ask(`${url}/api/tickets`, { as: 'alice', body: {} })).status).toBe(200);
  expect((await ask(`${url}/api/tickets`, { as: 'alice', body: { user: 'bob' } })).status).toBe(400);
});

it('is an address on the public host where that is set', async () => {
  const { url } = await serve({ RELAY_PUBLIC_URL: 'https://relay.example.com/chat/' });
  const { body } = await ask<Ticket>(`${url}/api/tickets`, { as: 'alice', method: 'POST' });
  expect(body.url).toMatch(/^wss:\/\/relay\.example\.com\/chat\/socket\/test-inbox-1\./);
});

it('is an address on the host that the trusted proxy was asked for', async () => {
  const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'relay.example.com' };
  const asking = { as: 'alice', method: 'POST', headers };
  const behind = await serve({ RELAY_TRUSTED_PROXIES: 'loopback' });
  expect((await ask<Ticket>(`${behind.url}/api/tickets`, asking)).body.url).toMatch(
    /^wss:\/\/relay\.example\.com\//,
  );
  const { url } = await serve();
  expect((await ask<Ticket>(`${url}/api/tickets`, asking)).body.url).toMatch(/^ws:\/\/127\.0\.0\.1:/);
});

it('is good for no longer than the token', async () => {
  const { url } = await serve();
  const token = await secretToken(secret, { sub: 'alice', exp: Math.floor(Date.now() / 1000) + 10 });
  const headers = { authorization: `Bearer ${token}` };
  const { body } = await ask<Ticket>(`${url}/api/tickets`, { method: 'POST', headers });
  expect(body.expiresIn).toBeLessThanOrEqual(10);
  expect(body.expiresIn).toBeGreaterThanOrEqual(8);
});

it('is one of a bounded number: 429 then, with the time to wait', async () => {
  const { url, metrics } = await serve({ RELAY_MAX_TICKETS: '2' });
  const get = () => ask<Refusal>(`${url}/api/tickets`, { as: 'alice', method: 'POST' });
  await get();
  await get();
  const { status, headers, body } = await get();
  expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '30', 'ERR_TOO_MANY_TICKETS']);
  expect(await metrics.registry.metrics()).toContain('relay_limits_total{limit="RELAY_MAX_TICKETS"} 1');
});

it('never gets into the log, and opens nothing but WebSockets', async () => {
  const { url, log } = await serve();
  const { body } = await ask<Ticket>(`${url}/api/tickets`, { as: 'alice', method: 'POST' });
  const ticket = new URL(body.url).pathname.slice('/socket/'.length);
  expect((await ask(`${url}/socket/${ticket}`)).status).toBe(404);
  expect((await ask(`${url}/api/unread?ticket=${ticket}`)).status).toBe(401);
  expect((await ask(`${url}/api/unread?ticket=${ticket}`, { as: 'alice' })).status).toBe(400);
  expect(log()).toContain('[redacted]');
  expect(log()).not.toContain(ticket.split('.')[1]);
});
