import { expect, it } from 'vitest';
import { ask, type Refusal, serve } from './serve.js';

it.each(['req-1', '7b0f0f2c-8d0b-4f8e-9f65-2ad2f1d4c1aa', 'a.b:c_d'])(
  'takes the id %s of a proxy',
  async (id) => {
    const { url, log } = await serve();
    const { headers, body } = await ask<Refusal>(`${url}/api/unread`, { headers: { 'x-request-id': id } });
    expect([headers.get('x-request-id'), body.error.requestId]).toEqual([id, id]);
    expect(log()).toContain(`"request":"${id}"`);
  },
);

it.each([
  ['an empty one', ''],
  ['a long one', 'x'.repeat(65)],
  ['what looks like a token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln'],
  ['two of them', 'one, two'],
  ['a quote', 'a"b'],
])('makes one up in place of %s', async (_what, id) => {
  const { url, log } = await serve();
  const { headers, body } = await ask<Refusal>(`${url}/nowhere`, { headers: { 'x-request-id': id } });
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(body.error.requestId).toBe(headers.get('x-request-id'));
  if (id !== '') expect(log()).not.toContain(id);
});

it('counts requests by the pattern of their route, whatever the path says', async () => {
  const { url, metrics } = await serve();
  for (const path of ['/healthz', '/nowhere/x', '/nowhere/y', '/sockjsx', '/api/users/bob/sessions']) {
    await ask(url + path, { method: path.startsWith('/api') ? 'DELETE' : 'GET' });
  }
  await ask(`${url}/healthz`, { method: 'PROPFIND' });
  const lines = (await metrics.registry.metrics()).split('\n');
  expect(lines.filter((line) => line.startsWith('relay_http_requests_total{')).sort()).toEqual([
    'relay_http_requests_total{method="DELETE",route="/api/users/{user}/sessions",status="401"} 1',
    'relay_http_requests_total{method="GET",route="/healthz",status="200"} 1',
    'relay_http_requests_total{method="GET",route="none",status="404"} 3',
    'relay_http_requests_total{method="other",route="/healthz",status="405"} 1',
  ]);
});
