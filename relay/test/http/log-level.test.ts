import { expect, it } from 'vitest';
import { loadPolicy } from '../../src/policy/load.js';
import { ask, type Refusal, serve } from './serve.js';

const policy = loadPolicy('version: 1\nrules:\n  - when: { sub: root }\n    manage: logs\n', 'access.yaml');

it('is changed for a while by whom a rule lets, at the other relays too', async () => {
  const told: unknown[] = [];
  const { url, log } = await serve({}, { policy, tellOthers: (setting) => void told.push(setting) });
  const put = (as: string, body: unknown) =>
    ask<Refusal>(`${url}/api/log-level`, { method: 'PUT', as, body });
  expect((await put('alice', { level: 'debug' })).status).toBe(403);
  expect(log()).toMatch(/"reason":"ERR_FORBIDDEN".*"user":"alice"/);
  expect((await put('root', { level: 'silent' })).status).toBe(400);
  expect(told).toEqual([]);
  const answer = await put('root', { level: 'debug', for: 5 });
  expect([answer.status, answer.body]).toEqual([200, { level: 'debug', for: 5 }]);
  expect(told).toEqual([{ level: 'debug', for: 5 }]);
  expect(log()).toMatch(/"to":"debug".*"log level changed"/);
});
