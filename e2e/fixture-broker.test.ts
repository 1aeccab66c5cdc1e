import { expect, test } from 'stomp-relay/playwright';
import { environment } from './support/environment.js';

// The other way to a broker: one that runs already. Each worker has a virtual host of its own there.

test.use({
  relayOptions: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
    async ({}, use) => {
      const { amqpUrl, relaySettings } = environment();
      const { RABBITMQ_WEB_STOMP_URL = '', RABBITMQ_MANAGEMENT_URL = '' } = relaySettings;
      await use({
        accessFile: '../relay/access.example.yaml',
        broker: {
          amqpUrl,
          webStompUrl: RABBITMQ_WEB_STOMP_URL,
          managementUrl: RABBITMQ_MANAGEMENT_URL,
        },
      });
    },
    { scope: 'worker' },
  ],
});

test('the relay has a virtual host of its own on a broker that runs already', async ({ relay }) => {
  expect(new URL(relay.amqpUrl).pathname).toMatch(/^\/playwright-/);
  expect(relay.amqpUrl).not.toBe(environment().amqpUrl);
  expect((await fetch(`${relay.url}/readyz`)).status).toBe(200);

  await relay.publish('/user/alice/topic/reply', 'only here');
  await expect
    .poll(async () => (await relay.pull('alice', '/user/topic/reply')).map(({ body }) => body))
    .toEqual(['only here']);
});

test('without demo mode and with an access file, tokens are asked about by that file', async ({ relay }) => {
  expect((await fetch(`${relay.url}/demo/token`, { method: 'POST' })).status).toBe(404);
  const explain = async (destination: string) => {
    const query = new URLSearchParams({ action: 'subscribe', destination });
    const headers = { authorization: `Bearer ${await relay.token('alice')}` };
    const answer = await fetch(`${relay.url}/api/explain?${query}`, { headers });
    return (await answer.json()) as { allowed: boolean };
  };
  expect(await explain('/topic/public.news')).toMatchObject({ allowed: true });
  expect(await explain('/topic/secret.plans')).toMatchObject({ allowed: false });
});
