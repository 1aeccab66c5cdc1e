import { describe, expect, it } from 'vitest';
import { LimitError } from '../../src/errors.js';
import { ask, type Refusal, type Served, serve } from './serve.js';

const asAlice = ({ url }: Served) => ask<Refusal>(`${url}/api/unread`, { as: 'alice' });

describe('RELAY_HTTP_RATE', () => {
  it('refuses a user who asks more often, and says when to come again', async () => {
    const served = await serve({ RELAY_HTTP_RATE: '1' });
    const answers = [];
    for (let time = 0; time < 3; time++) answers.push(await asAlice(served));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    const refused = answers[2];
    expect(refused?.body.error).toEqual({
      code: 'ERR_TOO_MANY_REQUESTS',
      message: expect.stringContaining('try again in'),
      requestId: expect.any(String),
    });
    expect(refused?.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(await served.metrics.registry.metrics()).toContain(
      'relay_limits_total{limit="RELAY_HTTP_RATE"} 1',
    );
  });

  it('counts all requests of a user together, and those of others not', async () => {
    const served = await serve({ RELAY_HTTP_RATE: '1' });
    await asAlice(served);
    await ask(`${served.url}/api/unread/pull`, { as: 'alice', body: { destination: '/topic/x' } });
    const asked = served.store.asked.length;
    const third = await ask(`${served.url}/api/unread`, { as: 'alice', method: 'DELETE' });
    expect([third.status, served.store.asked.length]).toEqual([429, asked]);
    expect((await ask(`${served.url}/api/unread`, { as: 'bob' })).status).toBe(200);
  });

  it('is not used up by whoever only claims to be that user', async () => {
    const served = await serve({ RELAY_HTTP_RATE: '1' });
    for (let time = 0; time < 5; time++) {
      const headers = { authorization: 'Bearer alice' };
      expect((await ask(`${served.url}/api/unread`, { headers })).status).toBe(401);
    }
    expect((await asAlice(served)).status).toBe(200);
  });
});

it('any other limit is a 429 too, with the time that it names', async () => {
  const tooMany = new LimitError('ERR_TOO_MANY_FAILURES', 'wait', 'RELAY_MAX_AUTH_FAILURES', 41.2);
  const served = await serve({}, { signIn: { withToken: () => Promise.reject(tooMany) } as never });
  const { status, headers, body } = await asAlice(served);
  expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '42', 'ERR_TOO_MANY_FAILURES']);
});
