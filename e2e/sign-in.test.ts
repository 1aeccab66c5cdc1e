import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { DemoPage } from './support/demo-page.js';
import { startRelay } from './support/relay-process.js';
import { expect, test } from './support/test.js';

const rules = fileURLToPath(new URL('../relay/access.example.yaml', import.meta.url));

test('by keyboard alone: sign in, say something, go elsewhere, sign out', async ({ page, env, unique }) => {
  const demo = new DemoPage(page, unique('kay'));
  const { keyboard } = page;
  await page.goto(env.relayUrls[0]);
  // Whoever tabs on comes to the name.
  const name = page.getByTestId('other-name');
  for (let n = 0; n < 12 && !(await isFocused()); n += 1) await keyboard.press('Tab');
  await expect(name).toBeFocused();
  await keyboard.type(demo.user);
  await keyboard.press('Enter');
  await demo.expectReady();
  await expect(page.getByTestId('me')).toContainText(demo.user);

  await tabTo('nav-chat');
  await keyboard.press('Enter');
  await demo.expectReady();
  await expect(page.locator('h1')).toBeFocused();
  const room = page.locator('[data-testid="chat-place"][data-place="room:lobby"]');
  for (let n = 0; n < 12 && !(await room.evaluate((element) => element === document.activeElement)); n += 1) {
    await keyboard.press('Tab');
  }
  await keyboard.press('Enter');
  await tabTo('chat-input');
  const text = unique('by keyboard');
  await keyboard.type(text);
  await keyboard.press('Enter');
  await expect(demo.line(text)).toBeVisible();
  await expect(page.getByTestId('chat-input')).toBeFocused();
  await keyboard.type('first line');
  await keyboard.press('Shift+Enter');
  await keyboard.type('second line');
  await expect(page.getByTestId('chat-input')).toHaveValue('first line\nsecond line');

  await tabTo('sign-out', 'Shift+Tab');
  await keyboard.press('Enter');
  await expect(page.getByTestId('sign-in')).toBeVisible();

  function isFocused(testId = 'other-name') {
    return page.getByTestId(testId).evaluate((element) => element === document.activeElement);
  }
  /** Past everybody who has been here: each is a link. */
  async function tabTo(testId: string, key = 'Tab') {
    for (let n = 0; n < 200 && !(await isFocused(testId)); n += 1) await keyboard.press(key);
    await expect(page.getByTestId(testId)).toBeFocused();
  }
});

test('two people in two tabs of one browser; each stays who they are after a reload', async ({
  context,
  env,
  unique,
}) => {
  const enter = async (name: string) => {
    const tab = new DemoPage(await context.newPage(), name);
    await tab.page.goto(env.relayUrls[0]);
    await tab.page.getByTestId('other-name').fill(name);
    await tab.page.getByTestId('enter').click();
    await tab.expectReady();
    return tab;
  };
  const lea = await enter(unique('lea'));
  const max = await enter(unique('max'));
  for (const tab of [lea, max]) {
    await tab.page.reload();
    await tab.expectReady();
    await expect(tab.page.getByTestId('me')).toContainText(tab.user);
  }
  // Signed out is signed out, also after a reload, and only in this tab.
  await lea.page.getByTestId('sign-out').click();
  await lea.page.reload();
  await expect(lea.page.getByTestId('sign-in')).toBeVisible();
  await expect(max.connection).toHaveAttribute('data-state', 'connected');
});

test('a name with special characters is a name', async ({ page, env, open, unique }) => {
  const name = unique("erin.o'neil+test@example.com");
  const erin = new DemoPage(page, name);
  await page.goto(env.relayUrls[1]);
  await page.getByTestId('other-name').fill(name);
  await page.getByTestId('enter').click();
  await erin.expectReady();
  await erin.goTo('wire');
  await expect(page.getByTestId('wire-user')).toHaveText(name);
  const writer = await open(unique('writer'));
  await writer.talkTo(name);
  await writer.write('got your name right 🎉');
  await erin.talkTo(writer.user);
  await expect(erin.line('got your name right 🎉')).toHaveCount(1);
});

test.describe('where the relay is not in demo mode', () => {
  /** The same relay without its demo: no token is given out, and nothing can be broken on demand. */
  const settingsOf = (settings: Record<string, string>) => ({
    ...settings,
    RELAY_DEMO: '0',
    RELAY_ACCESS_FILE: rules,
  });

  test('the page says so and takes a token; a good one is enough', async ({ page, env }) => {
    const relay = await startRelay(settingsOf(env.relaySettings));
    try {
      const demo = new DemoPage(page, 'mallory');
      await page.goto(relay.url);
      await page.getByTestId('person-alice').click();
      await expect(page.getByTestId('demo-off')).toBeVisible();
      await page.getByTestId('token').fill(await sign(env.relaySettings.RELAY_JWT_SECRET ?? '', '5m'));
      await page.getByTestId('use-token').click();
      await expect(demo.connection).toHaveAttribute('data-state', 'connected');
      await expect(page.getByTestId('me')).toContainText('mallory');
    } finally {
      await relay.stop();
    }
  });

  for (const [what, token] of [
    ['text that is no token', async () => 'not.a.token'],
    [
      'a token signed by somebody else',
      () => sign('a secret that the relay does not have, long enough', '5m'),
    ],
    ['a token that has expired', (secret: string) => sign(secret, '-5m')],
  ] as const) {
    test(`${what} is refused with a clear word, and not tried for ever`, async ({ page, env }) => {
      const relay = await startRelay(settingsOf(env.relaySettings));
      try {
        let sockets = 0;
        page.on('websocket', () => {
          sockets += 1;
        });
        await page.goto(relay.url);
        await page.getByTestId('person-alice').click();
        const text = await token(env.relaySettings.RELAY_JWT_SECRET ?? '');
        await page.getByTestId('token').fill(text);
        await page.getByTestId('use-token').click();
        await expect(page.getByTestId('stopped')).toContainText(/token/i);
        await expect(page.locator('body')).not.toContainText(text);
        await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'stopped');
        expect(sockets).toBeLessThanOrEqual(1);
      } finally {
        await relay.stop();
      }
    });
  }
});

function sign(secret: string, expires: string): Promise<string> {
  return new SignJWT({ sub: 'mallory' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime(expires)
    .sign(Buffer.from(secret, 'utf8'));
}
