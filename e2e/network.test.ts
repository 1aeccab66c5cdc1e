import { blockWebSocket } from './support/blocked-websocket.js';
import type { DemoPage } from './support/demo-page.js';
import { metric } from './support/metrics.js';
import { type RelayProcess, startRelay } from './support/relay-process.js';
import { expect, test } from './support/test.js';

/** What a browser reports of a server that is not there or is just leaving, and of a network that is not there. */
const NOBODY_THERE =
  /ERR_(CONNECTION_(REFUSED|RESET)|INTERNET_DISCONNECTED|EMPTY_RESPONSE)|WebSocket connection|status of 503/;

const sessionOf = (page: DemoPage) => page.page.getByTestId('wire-session').textContent();

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`the page comes back by itself when its relay ends by ${signal} and is started again, and has missed nothing`, async ({
    open,
    unique,
    env,
  }) => {
    let relay: RelayProcess = await startRelay(env.relaySettings);
    try {
      const rosa = await open(unique('rosa'), { relay: relay.url, area: 'wire', allow: NOBODY_THERE });
      const sven = await open(unique('sven'));
      await sven.talkTo(rosa.user);
      await (signal === 'SIGTERM' ? relay.stop() : relay.kill());
      await expect(rosa.connection).toHaveAttribute('data-state', /waiting|connecting/);
      await sven.write('while the relay was down');

      relay = await startRelay({ ...env.relaySettings, RELAY_PORT: relay.port });
      await expect(rosa.connection).toHaveAttribute('data-state', 'connected', { timeout: 40_000 });
      await expect(rosa.page.getByTestId('wire-away').first()).toBeVisible();
      await sven.write('and after');
      await rosa.talkTo(sven.user);
      for (const text of ['while the relay was down', 'and after'])
        await expect(rosa.line(text)).toHaveCount(1);
    } finally {
      await relay.stop();
    }
  });
}

test.describe('without SharedWorker', () => {
  // Playwright takes pages off the network, not their shared workers.
  test.use({ sharedWorkers: false });

  test('offline and back: what was missed is there, once, and in order', async ({
    open,
    unique,
    expectFrame,
  }) => {
    const tess = await open(unique('tess'), { allow: NOBODY_THERE });
    const udo = await open(unique('udo'));
    await udo.talkTo(tess.user);
    await udo.write('before');
    await tess.talkTo(udo.user);
    await expect(tess.line('before')).toHaveCount(1);
    await tess.goTo('wire');

    await tess.page.context().setOffline(true);
    // The browser keeps a WebSocket that is open.
    await tess.page.getByTestId('wire-cut-socket').click();
    await expect(tess.connection).not.toHaveAttribute('data-state', 'connected');
    for (const text of ['one', 'two', 'three']) await udo.write(text);
    await tess.page.context().setOffline(false);

    // At once, for the browser tells that it is online: not when the long wait of a tenth attempt ends.
    await expect(tess.connection).toHaveAttribute('data-state', 'connected');
    await udo.write('after');
    await tess.talkTo(udo.user);
    await expect(tess.page.getByTestId('chat-text')).toHaveText(['before', 'one', 'two', 'three', 'after']);
    const again = { direction: 'out', command: 'SUBSCRIBE', destination: '/user/topic/chat' } as const;
    await expectFrame(tess.page, again);
    expect((await expectFrame(tess.page, again)).socket).toBeGreaterThan(1);
  });

  test('where WebSocket is blocked, SockJS carries it all', async ({ open, unique, browser }) => {
    const context = await browser.newContext();
    await blockWebSocket(context);
    const vera = await open(unique('vera'), { context, ready: false });
    await expect(vera.connection).toHaveAttribute('data-transport', 'sockjs', { timeout: 40_000 });
    await vera.expectReady();
    const will = await open(unique('will'), { relay: 1 });
    await will.talkTo(vera.user);
    await will.write('can you hear me? 👋🏽');
    await vera.talkTo(will.user);
    await expect(vera.line('can you hear me? 👋🏽')).toHaveCount(1);
    await vera.write('loud and clear');
    await expect(will.line('loud and clear')).toHaveCount(1);
    await vera.goTo('shop');
    await expect(vera.orders.first()).toHaveAttribute('data-state', 'shipped');
  });

  test('the frames of a page are what it says that they are, and the token is in one of them only', async ({
    open,
    unique,
    frames,
    expectFrame,
  }) => {
    const xena = await open(unique('xena'), { area: 'wire' });
    await expectFrame(xena.page, { direction: 'in', command: 'CONNECTED' });
    const withToken = frames.of(xena.page).filter((frame) => JSON.stringify(frame.headers).includes('eyJ'));
    expect(withToken.map(({ command }) => command)).toEqual(['CONNECT']);
    // The page itself masks it.
    const connect = xena.page.locator('[data-testid="frame"][data-command="CONNECT"]');
    if ((await connect.count()) > 0) {
      await connect.first().click();
      await expect(xena.page.getByTestId('frame-detail')).not.toContainText('eyJ');
    }
  });
});

test('the token ends: the session goes on with the next one, and a message arrives after that', async ({
  open,
  unique,
}) => {
  const yara = await open(unique('yara'), { area: 'wire' });
  const before = await sessionOf(yara);
  const refreshes = yara.frames
    .and(yara.page.locator('[data-command="SEND"]'))
    .filter({ hasText: '/relay/token' });
  await yara.page.getByTestId('wire-expire-token').click();
  // The one that ends in 5 s, and the one that the client fetches in time.
  await expect(refreshes).toHaveCount(2);
  const zoe = await open(unique('zoe'));
  await zoe.talkTo(yara.user);
  // The short token has ended for certain then.
  const since = Date.now();
  await expect.poll(() => Date.now() - since, { timeout: 30_000 }).toBeGreaterThan(6000);
  await zoe.write('still there?');
  expect(await sessionOf(yara)).toBe(before);
  await yara.talkTo(zoe.user);
  await expect(yara.line('still there?')).toHaveCount(1);
});

test('signing out everywhere ends every session at every relay, and the pages come back with new tokens', async ({
  open,
  unique,
}) => {
  const anton = unique('anton');
  const here = await open(anton, { area: 'wire' });
  const there = await open(anton, { area: 'wire', relay: 1 });
  const before = [await sessionOf(here), await sessionOf(there)];
  await here.page.getByTestId('wire-sign-out-everywhere').click();
  for (const [n, page] of [here, there].entries()) {
    await expect.poll(() => sessionOf(page)).not.toBe('–');
    await expect.poll(() => sessionOf(page)).not.toBe(before[n]);
    await expect(page.connection).toHaveAttribute('data-state', 'connected');
    await expect(page.page.getByTestId('wire-timeline')).toContainText('4411');
  }
});

test("killing the relay's links is not noticed by who is connected", async ({ open, unique, env }) => {
  // A relay of its own: what others hear by a topic in this moment would be missed.
  const relay = await startRelay(env.relaySettings);
  try {
    const berta = await open(unique('berta'), { area: 'wire', relay: relay.url });
    const before = await sessionOf(berta);
    const carl = await open(unique('carl'), { relay: 1 });
    await carl.talkTo(berta.user);
    await berta.page.getByTestId('wire-cut-links').click();
    await expect(berta.page.getByTestId('wire-timeline')).toContainText(/killed \d+ links?/);
    await carl.write('are you still there?');
    await berta.talkTo(carl.user);
    await expect(berta.line('are you still there?')).toHaveCount(1);
    await berta.write('yes');
    await expect(carl.line('yes')).toHaveCount(1);
    await berta.goTo('wire');
    expect(await sessionOf(berta)).toBe(before);
    await berta.page.context().close();
  } finally {
    await relay.stop();
  }
});

test('the switch "Offline" of the wire view: mail waits at the relay, and comes with the way back', async ({
  open,
  unique,
}) => {
  const dina = await open(unique('dina'), { area: 'wire' });
  const emil = await open(unique('emil'), { relay: 1 });
  await emil.talkTo(dina.user);
  await dina.page.getByTestId('wire-offline').click();
  await expect(dina.connection).toHaveAttribute('data-state', 'offline');
  await emil.write('waiting for you');
  await dina.page.getByTestId('wire-offline').click();
  await expect(dina.connection).toHaveAttribute('data-state', 'connected');
  await dina.talkTo(emil.user);
  await expect(dina.line('waiting for you')).toHaveCount(1);
});

test('ten tabs of one user hold one socket, and all ten show each message once', async ({
  open,
  unique,
  browser,
  env,
}) => {
  test.setTimeout(120_000);
  const relay = await startRelay(env.relaySettings);
  try {
    const context = await browser.newContext();
    const fritz = unique('fritz');
    const tabs: DemoPage[] = [];
    for (let n = 0; n < 10; n += 1) tabs.push(await open(fritz, { context, relay: relay.url }));
    expect(await metric(relay.url, 'relay_sessions')).toBe(1);
    const gerd = await open(unique('gerd'));
    await gerd.talkTo(fritz);
    for (const text of ['one', 'two', 'three']) await gerd.write(text);
    for (const tab of tabs) {
      await tab.talkTo(gerd.user);
      for (const text of ['one', 'two', 'three']) await expect(tab.line(text)).toHaveCount(1);
    }
    expect(await metric(relay.url, 'relay_sessions')).toBe(1);

    // Somebody else in the same browser is somebody else.
    await open(unique('hanna'), { context, relay: relay.url });
    expect(await metric(relay.url, 'relay_sessions')).toBe(2);
    // The last tab of a person takes the socket along.
    for (const tab of tabs) await tab.close();
    await expect.poll(() => metric(relay.url, 'relay_sessions')).toBe(1);
    await context.close();
  } finally {
    await relay.stop();
  }
});
