import type { Page } from 'playwright/test';
import { test as base, expect } from 'stomp-relay/playwright';
import { serveTinyPage, tinyPageUrl, type Where } from './support/tiny-page.js';

// What our users write, with everything that the fixture starts by itself: a private broker and a relay.

const test = base.extend<object, { openTinyPage: (page: Page, where: Where) => Promise<unknown> }>({
  openTinyPage: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
    async ({}, use) => {
      const server = await serveTinyPage();
      await use((page, where) => page.goto(tinyPageUrl(server.url, where)));
      await server.close();
    },
    { scope: 'worker' },
  ],
});

test.use({ relayOptions: { demo: true } });

const REPLY = '/user/topic/reply';

test('a page shows what a service publishes, and what it sent is seen', async ({
  page,
  relay,
  expectFrame,
  openTinyPage,
}) => {
  await openTinyPage(page, { relay: relay.wsUrl, token: await relay.token('alice') });
  const connected = await expectFrame(page, { direction: 'in', command: 'CONNECTED' });
  expect(connected.headers['user-name']).toBe('alice');
  await expect(page.getByRole('button')).toBeEnabled();

  await relay.publish('/user/alice/topic/reply', { text: 'shipped', order: { id: 17, items: ['lamp'] } });
  const message = await expectFrame(page, {
    direction: 'in',
    command: 'MESSAGE',
    destination: REPLY,
    headers: { 'content-type': /^application\/json/ },
    body: { order: { id: expect.any(Number), items: ['lamp'] } },
  });
  await expect(page.getByRole('listitem')).toHaveText([message.body]);

  await page.getByRole('button').click();
  const sent = await expectFrame(page, {
    direction: 'out',
    command: 'SEND',
    destination: '/app/orders.create',
    body: { product: 'lamp' },
  });
  expect(JSON.parse(sent.body)).toEqual({ product: 'lamp', quantity: 2 });
});

test('two users in contexts of their own, a topic, and frames of each', async ({
  browser,
  relay,
  frames,
  expectFrame,
  openTinyPage,
}) => {
  const pages = await Promise.all(
    ['alice', 'bob'].map(async (user) => {
      const page = await (await browser.newContext()).newPage();
      const token = await relay.token(user);
      await openTinyPage(page, { relay: relay.wsUrl, token, destination: '/topic/public.news' });
      await expectFrame(page, { direction: 'in', command: 'RECEIPT', headers: { 'receipt-id': 'ready' } });
      return page;
    }),
  );
  await relay.publish('/topic/public.news', 'one');
  await relay.publish('/topic/public.news', 'two');
  for (const page of pages) {
    // The same match twice means two frames.
    expect((await expectFrame(page, { command: 'MESSAGE' })).body).toBe('one');
    expect((await expectFrame(page, { command: 'MESSAGE' })).body).toBe('two');
    expect(frames.of(page).map(({ command }) => command)).toEqual([
      'CONNECT',
      'CONNECTED',
      'SUBSCRIBE',
      'RECEIPT',
      'MESSAGE',
      'MESSAGE',
    ]);
    await page.context().close();
  }
});

test('what a user missed is pulled, once', async ({ relay }) => {
  await relay.publish('/user/dora/topic/reply', 'while you were away');
  await relay.publish('/user/dora/topic/other', 'elsewhere');
  // The broker hands it over to the mailbox a moment after it has confirmed it.
  await expect
    .poll(() => relay.pull('dora', REPLY))
    .toMatchObject([{ body: 'while you were away', destination: '/topic/reply' }]);
  expect(await relay.pull('dora', REPLY)).toEqual([]);
  await expect
    .poll(async () => (await relay.pull('dora', '/topic/other')).map(({ body }) => body))
    .toEqual(['elsewhere']);
});

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`a page comes back after ${signal} and a start at the same address`, async ({
    page,
    relay,
    expectFrame,
    openTinyPage,
  }) => {
    const { url } = relay;
    await openTinyPage(page, { relay: relay.wsUrl, token: await relay.token('alice') });
    await expect(page.getByRole('button')).toBeEnabled();
    await relay.restart(signal);
    expect(relay.url).toBe(url);
    await expectFrame(page, { command: 'CONNECTED' });
    expect((await expectFrame(page, { command: 'CONNECTED' })).socket).toBeGreaterThan(1);
    await expect(page.getByRole('button')).toBeEnabled();
    await relay.publish('/user/alice/topic/reply', `after ${signal}`);
    await expect(page.getByRole('listitem')).toHaveText(`after ${signal}`);
  });
}

test('a relay that a test leaves stopped …', async ({ relay }) => {
  await relay.stop();
  await expect(fetch(`${relay.url}/readyz`)).rejects.toThrow();
});

test('… runs for the next one', async ({ relay }) => {
  expect((await fetch(`${relay.url}/readyz`)).status).toBe(200);
});

test('a token that ends, and a user who is signed out', async ({
  page,
  relay,
  expectFrame,
  openTinyPage,
}) => {
  await openTinyPage(page, { relay: relay.wsUrl, token: await relay.token('erin', {}, 1) });
  await expectFrame(page, { command: 'ERROR', headers: { code: 'ERR_TOKEN_EXPIRED' } });

  await page.goto('about:blank');
  await openTinyPage(page, { relay: relay.wsUrl, token: await relay.token('erin') });
  await expect(page.getByRole('button')).toBeEnabled();
  await relay.signOut('erin');
  await expectFrame(page, { command: 'ERROR', headers: { code: 'ERR_REVOKED' } });
});

test('a frame that never comes is explained, and no token stands in the explanation', async ({
  page,
  relay,
  expectFrame,
  openTinyPage,
}) => {
  const token = await relay.token('alice');
  await expect(expectFrame(page, { command: 'MESSAGE' }, { timeout: 100 })).rejects.toThrow(/SharedWorker/);
  await openTinyPage(page, { relay: relay.wsUrl, token });
  await expect(page.getByRole('button')).toBeEnabled();
  await relay.publish('/user/alice/topic/reply', { state: 'packed' });
  await expect(page.getByRole('listitem')).toHaveCount(1);

  const failure = await expectFrame(
    page,
    { command: 'MESSAGE', body: { state: 'shipped' } },
    { timeout: 100 },
  ).then(
    () => 'found',
    (error: Error) => error.message,
  );
  expect(failure).toContain('No such frame: MESSAGE {"state":"shipped"}');
  expect(failure).toContain('in its body state is "packed"');
  expect(failure).toContain('-> CONNECT Authorization:[secret]');
  expect(failure).not.toContain(token);
});

test.describe('without SharedWorker', () => {
  test.use({ sharedWorkers: false });

  test('no page has one, in whatever context', async ({ page, browser }) => {
    const other = await (await browser.newContext()).newPage();
    for (const each of [page, other]) {
      await each.goto('about:blank');
      expect(await each.evaluate(() => typeof SharedWorker)).toBe('undefined');
    }
    await other.context().close();
  });
});
