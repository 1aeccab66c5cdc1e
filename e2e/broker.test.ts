import { connect } from 'amqplib';
import { expect, test } from './support/test.js';

/** A demo token of somebody who may see the broker. */
async function adminToken(relayUrl: string, roles = ['admin']): Promise<string> {
  const response = await fetch(`${relayUrl}/demo/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'alice', roles }),
  });
  return ((await response.json()) as { token: string }).token;
}

test('an administrator sees RabbitMQ’s own pages behind the relay, without its password', async ({
  page,
  env,
  unique,
}, info) => {
  const [relayUrl] = env.relayUrls;
  const queue = unique('seen-in-the-browser');
  const connection = await connect(env.amqpUrl);
  const channel = await connection.createChannel();
  await channel.assertQueue(queue, { durable: true });

  const passwords: string[] = [];
  const { password } = new URL(env.amqpUrl);
  const refused: string[] = [];
  page.on('request', (request) => {
    if (JSON.stringify(request.headers()).includes(password)) passwords.push(request.url());
  });
  page.on('response', (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });

  await page.goto(`${relayUrl}/broker/?access_token=${await adminToken(relayUrl)}`);
  await expect(page.getByText('Refreshed')).toBeVisible();
  expect(page.url()).toBe(`${relayUrl}/broker/#/`);
  await page.screenshot({ path: info.outputPath('broker-overview.png'), fullPage: true });

  await page.getByRole('link', { name: 'Queues', exact: true }).click();
  await expect(page.getByRole('link', { name: queue })).toBeVisible();
  await expect(page.getByRole('link', { name: 'relay.unread.intake' })).toBeVisible();
  await page.screenshot({ path: info.outputPath('broker-queues.png'), fullPage: true });

  // What changes something goes through, too: its pages send Origin.
  page.on('dialog', (dialog) => dialog.accept());
  await page.getByRole('link', { name: queue }).click();
  await page.getByRole('heading', { name: /^Delete/ }).click();
  await page.getByRole('button', { name: 'Delete Queue' }).click();
  await expect(page.getByRole('heading', { name: 'Queues', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: queue })).toBeHidden();

  const cookies = await page.context().cookies();
  expect(cookies.find(({ name }) => name === 'relay_broker')).toMatchObject({
    httpOnly: true,
    sameSite: 'Strict',
    path: '/broker',
  });
  expect(passwords).toEqual([]);
  expect(refused).toEqual([]);
  await connection.close();
});

test('a user without the role sees nothing of it', async ({ page, env }) => {
  const [relayUrl] = env.relayUrls;
  const response = await page.goto(`${relayUrl}/broker/?access_token=${await adminToken(relayUrl, [])}`);
  expect(response?.status()).toBe(403);
});
