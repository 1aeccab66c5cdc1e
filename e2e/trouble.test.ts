import { SignJWT } from 'jose';
import { RelayProcess } from './support/relay-process.js';
import { expect, test } from './support/test.js';

const INBOX = '/user/topic/reply';

test('the page comes back by itself when its relay is killed and started again', async ({ open, env }) => {
  let relay = await RelayProcess.start(env.relaySettings);
  try {
    // The browser reports every attempt to reach a relay that is not there.
    const alice = await open('alice', {
      relay: relay.url,
      allow: /ERR_CONNECTION_REFUSED|WebSocket connection/,
    });
    const bob = await open('bob', { relay: 1 });
    await Promise.all([alice.connect(), bob.connect()]);

    await relay.kill();
    await expect(alice.state).toHaveText('Reconnecting');
    await expect(alice.stateDetail).toContainText('code 1006');
    await expect(alice.page.getByRole('button', { name: 'Send', exact: true })).toBeDisabled();

    relay = await RelayProcess.start({ ...env.relaySettings, RELAY_PORT: relay.port });
    await alice.expectListening();
    await bob.sendToUser('alice', 'welcome back');
    await alice.expectShown([`bob | ${INBOX} | welcome back`]);
  } finally {
    await relay.stop();
  }
});

test('the page says why when its relay is stopped, and can be told to stop trying', async ({ open, env }) => {
  const relay = await RelayProcess.start(env.relaySettings);
  try {
    const alice = await open('alice', {
      relay: relay.url,
      allow: /ERR_CONNECTION_REFUSED|WebSocket connection/,
    });
    await alice.connect();
    await relay.stop();
    await expect(alice.state).toHaveText('Reconnecting');
    await alice.page.getByRole('button', { name: 'Stop trying' }).click();
    await expect(alice.state).toHaveText('Disconnected');
    await expect(alice.page.getByRole('button', { name: 'Connect', exact: true })).toBeVisible();
  } finally {
    await relay.stop();
  }
});

test("a good token of one's own is enough", async ({ open, env }) => {
  const page = await open('anyone');
  await page.pasteToken(await sign(env.relaySettings.RELAY_JWT_SECRET ?? '', '5m'));
  await page.expectListening();
  await page.sendToUser('mallory', 'it is me');
  await page.expectShown([`mallory | ${INBOX} | it is me`]);
});

for (const [what, token] of [
  ['text that is no token', async () => 'not.a.token'],
  [
    'a token signed by somebody else',
    async () => sign('a secret that the relay does not have, long enough', '5m'),
  ],
  ['a token that has expired', async (secret: string) => sign(secret, '-5m')],
] as const) {
  test(`${what} is refused with a clear error, once`, async ({ open, env }) => {
    const page = await open('anyone');
    const secret = env.relaySettings.RELAY_JWT_SECRET ?? '';
    let sockets = 0;
    page.page.on('websocket', () => {
      sockets += 1;
    });
    const text = await token(secret);
    await page.pasteToken(text);
    await expect(page.error).toContainText(/token/i);
    await expect(page.error).not.toContainText(text);
    await expect(page.state).toHaveText('Disconnected');
    await expect(page.stateDetail).toContainText(/code 44(01|10)/);
    await expect(page.page.getByRole('button', { name: 'Connect', exact: true })).toBeEnabled();
    expect(sockets).toBe(1);
  });
}

test('a refused subscription is named and dropped, and the rest goes on after Connect', async ({ open }) => {
  const alice = await open('alice');
  await alice.connect();
  await alice.subscribe('/topic/secret.plans');
  await expect(alice.error).not.toBeEmpty();
  await expect(alice.page.getByTestId('error-detail')).toContainText('/topic/secret.plans');
  await expect(alice.state).toHaveText('Disconnected');
  await expect(alice.stateDetail).toContainText('code 4403');
  await expect(alice.subscriptions).toHaveCount(2);
  await alice.connect();
  await expect(alice.error).toBeHidden();
});

test('a refused message is marked as refused', async ({ open }) => {
  const alice = await open('alice');
  await alice.connect();
  await alice.sendToTopic('/topic/secret.plans', 'let me in');
  await expect(alice.sent.first()).toHaveAttribute('data-status', 'refused');
  await expect(alice.error).not.toBeEmpty();
});

test('without demo mode the page asks for a token', async ({ open }) => {
  const page = await open('alice', { allow: /404/ });
  await page.page.route('**/demo/token', (route) => route.fulfill({ status: 404, body: 'Not Found' }));
  await page.page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.error).toContainText('Paste a token');
  await expect(page.page.getByLabel('Token (JWT)')).toBeFocused();
  await expect(page.state).toHaveText('Disconnected');
});

function sign(secret: string, expires: string): Promise<string> {
  return new SignJWT({ sub: 'mallory' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(Buffer.from(secret, 'utf8'));
}
