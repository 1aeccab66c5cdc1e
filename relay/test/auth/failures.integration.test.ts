import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestRelay, unique } from '../support/relay.js';
import { inSeconds } from '../support/tokens.js';
import { Installation } from './installation.js';

let installation: Installation;
let relay: TestRelay;

beforeAll(async () => {
  installation = new Installation();
  relay = await installation.relay({ RELAY_MAX_AUTH_FAILURES: '3', RELAY_TRUSTED_PROXIES: 'loopback' });
});

afterAll(() => installation?.close());

it('tells an address with too many refused tokens to wait, wherever it shows them; good ones and others pass', async () => {
  const dead = await installation.token(unique('alice'), { exp: inSeconds(-60) });
  const good = await installation.token(unique('alice'));
  for (let i = 0; i < 3; i++) expect(await installation.handshake(relay, dead)).toBe('401 ERR_TOKEN_EXPIRED');
  const logged = () => installation.log.match(/upgrade refused/g)?.length;
  const before = logged();
  const response = await fetch(`${relay.url}/api/unread`, { headers: { authorization: `Bearer ${dead}` } });
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await response.json()).toMatchObject({ error: { code: 'ERR_TOO_MANY_FAILURES' } });
  for (const bad of [dead, 'guest']) {
    const { error, code } = await installation.connectFrame(relay, bad);
    expect([error.headers.code, code]).toEqual(['ERR_TOO_MANY_FAILURES', 4425]);
  }
  expect(await installation.handshake(relay, dead)).toBe('429 ERR_TOO_MANY_FAILURES');
  const url = `${relay.wsUrl.replace('/ws', '/socket/')}unknown`;
  expect(await installation.outcome(() => installation.open(url))).toBe('429 ERR_TOO_MANY_FAILURES');
  expect(await installation.handshake(relay, good)).toBe('101');
  const elsewhere = { authorization: `Bearer ${dead}`, 'x-forwarded-for': '192.0.2.7' };
  expect((await fetch(`${relay.url}/api/unread`, { headers: elsewhere })).status).toBe(401);
  const metrics = await (await fetch(`${relay.url}/metrics`)).text();
  expect(metrics).toContain('relay_limits_total{limit="RELAY_MAX_AUTH_FAILURES"} 5');
  const noisy = installation.log.split('\n').filter((line) => line.includes('ERR_TOO_MANY_FAILURES'));
  expect(noisy.filter((line) => (JSON.parse(line) as { level: number }).level >= 30)).toEqual([]);
  expect([before, installation.leaked()]).toEqual([3, []]);
});
