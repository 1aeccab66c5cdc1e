import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, expect, type Page, test } from 'playwright/test';
import { inSeconds, secretToken } from '../relay/test/support/tokens.js';
import { publishAll } from './support/amqp.js';
import { environment } from './support/environment.js';
import { metric } from './support/metrics.js';
import { type RelayProcess, startRelay } from './support/relay-process.js';
import type { Site } from './support/site.js';
import type { TabSettings } from './support/tabs/main.js';
import { serveTabs } from './support/tabs-site.js';

let files: string;
let site: Site;
let relay: RelayProcess;

test.beforeAll(async () => {
  files = await mkdtemp(join(tmpdir(), 'relay-tabs-'));
  site = await serveTabs(files);
  // A relay of its own: its sessions are those of these tabs.
  const RELAY_ALLOWED_ORIGINS = new URL(site.url).origin;
  relay = await startRelay({ ...environment().relaySettings, RELAY_ALLOWED_ORIGINS });
});
test.afterAll(async () => {
  await relay?.stop();
  await site?.close();
  await rm(files, { recursive: true, force: true });
});

let users = 0;
const someone = () => `tabs-${process.pid}-${++users}`;

async function openTab(
  context: BrowserContext,
  user: string,
  worker: TabSettings['worker'] = 'shared',
): Promise<Page> {
  const secret = environment().relaySettings.RELAY_JWT_SECRET ?? '';
  const token = await secretToken(secret, { sub: user, exp: inSeconds(600) });
  const settings: TabSettings = { relay: relay.url, user, token, worker };
  const page = await context.newPage();
  await page.goto(`${site.url}#${encodeURIComponent(JSON.stringify(settings))}`);
  await expect(page).toHaveTitle('ready');
  return page;
}

const sessions = (count: number) => expect.poll(() => metric(relay.url, 'relay_sessions')).toBe(count);
const shown = (page: Page) => page.getByRole('listitem').allTextContents();

async function publish(user: string, bodies: string[]): Promise<void> {
  const publications = bodies.map((body) => ({
    exchange: 'relay.user',
    key: `${user}.topic.reply`,
    body: Buffer.from(body),
  }));
  await publishAll(environment().amqpUrl, publications, { persistent: true });
}

test('Ten tabs of one user hold one socket, all ten show each message once', async ({ context }) => {
  const user = someone();
  await publish(user, ['unread 1', 'unread 2']);
  const tabs = [await openTab(context, user)];
  await expect.poll(() => shown(tabs[0] as Page)).toEqual(['unread 1', 'unread 2']);
  while (tabs.length < 10) tabs.push(await openTab(context, user));
  await sessions(1);
  const bodies = Array.from({ length: 30 }, (_, i) => `live ${i}`);
  await publish(user, bodies);
  for (const [i, tab] of tabs.entries()) {
    // What was unread went to those who were there.
    const expected = i === 0 ? ['unread 1', 'unread 2', ...bodies] : bodies;
    await expect.poll(() => shown(tab)).toEqual(expected);
    await expect(tab.locator('output')).toHaveText('connected');
  }
  const [, ...rest] = tabs;
  // The one that made the connection goes: it is the worker's.
  await tabs[0]?.close();
  await publish(user, ['without the first']);
  for (const tab of rest) await expect.poll(() => shown(tab)).toContain('without the first');
  await sessions(1);
  for (const tab of rest) await tab.close();
  await sessions(0);
});

test('A worker that dies is started anew, and its tabs have missed nothing', async ({ browser, context }) => {
  const user = someone();
  const tabs = [await openTab(context, user), await openTab(context, user)];
  const cdp = await browser.newBrowserCDPSession();
  const workers = async () =>
    (await cdp.send('Target.getTargets')).targetInfos.filter(({ type }) => type === 'shared_worker');
  for (const { targetId } of await workers()) await cdp.send('Target.closeTarget', { targetId });
  await publish(user, ['while it is away']);
  for (const tab of tabs) await expect.poll(() => shown(tab)).toEqual(['while it is away']);
  await publish(user, ['afterwards']);
  for (const tab of tabs) await expect.poll(() => shown(tab)).toEqual(['while it is away', 'afterwards']);
  await sessions(1);
  for (const tab of tabs) await tab.close();
  await sessions(0);
});

test('Tabs of two users in one browser never share a socket', async ({ context }) => {
  const [alice, bob] = [someone(), someone()];
  const [hers, his] = [await openTab(context, alice), await openTab(context, bob)];
  await sessions(2);
  await publish(alice, ['for her']);
  await publish(bob, ['for him']);
  await expect.poll(() => shown(hers)).toEqual(['for her']);
  await expect.poll(() => shown(his)).toEqual(['for him']);
  await hers.reload();
  await expect(hers).toHaveTitle('ready');
  await sessions(2);
  await hers.close();
  await his.close();
  await sessions(0);
});

for (const worker of ['none', 'missing', 'silent'] as const) {
  test(`A tab whose worker is ${worker} has a socket of its own`, async ({ context }) => {
    const user = someone();
    const tabs = await Promise.all([openTab(context, user, worker), openTab(context, user, worker)]);
    await sessions(2);
    await publish(user, ['hello']);
    for (const tab of tabs) await expect.poll(() => shown(tab)).toEqual(['hello']);
    for (const tab of tabs) await tab.close();
    await sessions(0);
  });
}
