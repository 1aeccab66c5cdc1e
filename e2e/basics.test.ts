import { gzipSync } from 'node:zlib';
import type { Page, Response } from 'playwright/test';
import type { DemoPage } from './support/demo-page.js';
import { beginLayoutShifts, layoutShifts, recordLayoutShifts } from './support/layout-shifts.js';
import { expect, test } from './support/test.js';

const MOST_SCRIPT = 100_000;

test('the first load needs less than 100 kB of script, gzipped, and nothing of anybody else', async ({
  page,
  env,
  unique,
}) => {
  const answers: Response[] = [];
  page.on('response', (answer) => answers.push(answer));
  await page.goto(`${env.relayUrls[0]}/?user=${unique('rob')}`);
  await expect(page.getByTestId('connection')).toHaveAttribute('data-state', 'connected');
  await expect(page.getByTestId('order').first()).toBeVisible();

  expect(
    answers.filter((answer) => new URL(answer.url()).origin !== env.relayUrls[0]).map((a) => a.url()),
  ).toEqual([]);
  const scripts = answers.filter((answer) => answer.request().resourceType() === 'script');
  const sizes = new Map<string, number>();
  for (const script of scripts) {
    const text = await script.text();
    sizes.set(script.url(), gzipSync(text).length);
    // The browser does not tell of what a SharedWorker loads.
    for (const [name] of text.matchAll(/(?<=["'`/])worker-[\w-]+\.js/g)) {
      const url = new URL(name, script.url()).href;
      const worker = await fetch(url);
      expect(worker.status).toBe(200);
      sizes.set(url, gzipSync(await worker.text()).length);
    }
  }
  expect(
    [...sizes.keys()].some((url) => url.includes('worker-')),
    'the worker is counted',
  ).toBe(true);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  test.info().annotations.push({ type: 'script', description: `${total} bytes gzipped` });
  console.log(`  first load: ${total} bytes of script gzipped, ${sizes.size} files`);
  expect(total).toBeLessThan(MOST_SCRIPT);
});

test('nothing moves on a page when a message arrives', async ({ open, unique, browser }) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  await recordLayoutShifts(context);
  const sara = await open(unique('sara'), { context });
  const tom = await open(unique('tom'), { relay: 1 });
  await tom.talkTo(sara.user);

  await test.step('shop: orders move, prices change, a toast comes', async () => {
    await beginLayoutShifts(sara.page);
    await tom.write('a toast');
    await expect(sara.page.getByTestId('toast').first()).toBeVisible();
    await expect(sara.orders.first()).toHaveAttribute('data-state', 'shipped');
    await changed(sara.page);
    expect(await layoutShifts(sara.page)).toEqual([]);
  });

  await test.step('chat: a line arrives in the open conversation, another in the list', async () => {
    await sara.talkTo(tom.user);
    await beginLayoutShifts(sara.page);
    for (const text of ['one', 'two', 'three\nlines\nlong']) await tom.write(text);
    await expect(sara.line('two')).toBeVisible();
    await expect(sara.page.getByTestId('chat-text').last()).toContainText('three');
    expect(await layoutShifts(sara.page)).toEqual([]);
  });

  await test.step('notifications: one arrives while somebody looks', async () => {
    await sara.goTo('notifications');
    await beginLayoutShifts(sara.page);
    await tom.write('look at me');
    await expect(sara.page.getByTestId('show-new')).toBeVisible();
    expect(await layoutShifts(sara.page)).toEqual([]);
  });

  await test.step('wire: frames go by', async () => {
    await sara.goTo('wire');
    await expect(sara.frames).not.toHaveCount(0);
    await beginLayoutShifts(sara.page);
    for (const text of ['four', 'five', 'six']) await tom.write(text);
    await framesWith(sara, '/user/topic/chat', 3);
    expect(await layoutShifts(sara.page)).toEqual([]);
  });
});

test('the measurement of what moves does see what moves', async ({ open, unique, browser }) => {
  const context = await browser.newContext();
  await recordLayoutShifts(context);
  const page = await open(unique('ulla'), { context });
  await beginLayoutShifts(page.page);
  await page.page.evaluate(() => {
    const block = document.createElement('div');
    block.setAttribute('class', 'shop-quote');
    block.append(...Array.from({ length: 10 }, () => document.createElement('p')));
    for (const line of block.children) line.textContent = 'x';
    document.querySelector('main')?.prepend(block);
  });
  await expect.poll(() => layoutShifts(page.page)).not.toEqual([]);
});

/** Waits until a price or the stock of something has changed. */
async function changed(page: Page): Promise<void> {
  const shown = () => page.locator('[data-testid="price"], [data-testid="stock"]').allTextContents();
  const before = await shown();
  await expect.poll(shown, { timeout: 30_000 }).not.toEqual(before);
}

async function framesWith({ page }: DemoPage, text: string, count: number): Promise<void> {
  const frames = page.locator('[data-testid="frame"][data-command="MESSAGE"]').filter({ hasText: text });
  await expect.poll(() => frames.count()).toBeGreaterThanOrEqual(count);
}
