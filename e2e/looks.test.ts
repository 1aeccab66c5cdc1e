import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContextOptions, devices, type Page, type TestInfo } from 'playwright/test';
import type { DemoPage } from './support/demo-page.js';
import { expect, test } from './support/test.js';

const phone = devices['Pixel 7'];
const looks: Record<string, BrowserContextOptions> = {
  'desktop-light': { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  'desktop-dark': { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  'phone-light': { ...phone, colorScheme: 'light' },
  'phone-dark': { ...phone, colorScheme: 'dark' },
  'small-phone': {
    colorScheme: 'light',
    viewport: { width: 320, height: 640 },
    isMobile: true,
    hasTouch: true,
  },
};

/** Pictures for people, and what a machine can say of each screen. */
async function look(page: Page, info: TestInfo, name: string, screen: string): Promise<void> {
  const path = (part: string) => join(info.project.outputDir, 'screens', `${screen}${part}-${name}.png`);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path('') });
  if (screen === '7-wire') {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.screenshot({ path: path('-frames') });
  }
  const [content, width] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect.soft(content, `${screen} is no wider than the screen`).toBeLessThanOrEqual(width ?? 0);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations } = await new AxeBuilder({ page })
    // The screens have no frames of others, for whose results it would open a page each time.
    .setLegacyMode()
    .withTags(tags)
    .analyze();
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => String(target)).join(', ')}`,
  );
  expect.soft(found, `accessibility of ${screen}`).toEqual([]);
}

for (const [name, context] of Object.entries(looks)) {
  test(`${name}: every screen is accessible and no wider than the display`, async ({
    open,
    unique,
    env,
    browser,
  }, info) => {
    test.setTimeout(120_000);
    // Nothing fades: what is half there has no contrast.
    const settings = { ...context, reducedMotion: 'reduce' } as const;
    const entrance = await (await browser.newContext(settings)).newPage();
    await entrance.goto(env.relayUrls[0]);
    await expect(entrance.getByTestId('sign-in')).toBeVisible();
    await look(entrance, info, name, '1-sign-in');
    await entrance.context().close();

    const wanda = await open(unique('wanda'), { context: settings });
    const friend = await open(unique('friend'));
    await friend.talkTo(wanda.user);
    await friend.write('Hello! Is anybody there? 👋');
    await wanda.product('lamp').getByTestId('quantity').fill('5');
    await wanda.product('lamp').getByTestId('ask-price').click();
    await expect(wanda.product('lamp').getByTestId('quote')).toHaveAttribute('data-phase', 'quoted');
    await calm(wanda);
    await look(wanda.page, info, name, '2-shop');

    await wanda.page.goto(`${env.relayUrls[0]}/#/shop?order=${await orderOf(wanda)}`);
    await expect(wanda.orders.first()).toBeInViewport();
    await look(wanda.page, info, name, '3-orders');

    await wanda.goTo('chat');
    await look(wanda.page, info, name, '4-chat');
    await wanda.talkTo(friend.user);
    await wanda.write(`Yes. ${'This is a long line that has to be broken somewhere. '.repeat(4)}`);
    await friend.write('https://example.com/a-very-long-address-without-any-place-to-break-it-'.repeat(3));
    await expect(wanda.lines).toHaveCount(3);
    await look(wanda.page, info, name, '5-conversation');

    await wanda.goTo('notifications');
    await wanda.expectNotice('shipped');
    await look(wanda.page, info, name, '6-notifications');
    await wanda.goTo('wire');
    await wanda.frames.nth(1).click();
    await look(wanda.page, info, name, '7-wire');
  });
}

test('the theme can be chosen, and is kept', async ({ open, unique }) => {
  const page = await open(unique('xaver'), { context: { colorScheme: 'light' } });
  const background = () => page.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  const button = page.page.getByTestId('theme');
  for (let n = 0; n < 3 && (await button.getAttribute('data-theme-choice')) !== 'dark'; n += 1)
    await button.click();
  await expect.poll(background).not.toBe(light);
  const dark = await background();
  await page.page.reload();
  await page.expectReady();
  expect(await background()).toBe(dark);
});

test('on a phone everything that can be touched is large enough for a finger', async ({ open, unique }) => {
  const page = await open(unique('yves'), { context: phone });
  for (const area of ['shop', 'chat', 'notifications', 'wire'] as const) {
    await page.goTo(area);
    const small = await page.page.evaluate(() =>
      [...document.querySelectorAll('button:not(.skip), a.nav-link, a.chat-place, a.button, [role="switch"]')]
        .map((element) => ({ element, box: (element.closest('label') ?? element).getBoundingClientRect() }))
        .filter(({ box }) => box.height > 0 && box.height < 43.5)
        .map(({ element, box }) => `${Math.round(box.height)} px: ${element.outerHTML.slice(0, 90)}`),
    );
    expect.soft(small, area).toEqual([]);
  }
});

/** Nothing comes in any more that would lie over the picture. */
async function calm(page: DemoPage): Promise<void> {
  await expect(page.orders.first()).toHaveAttribute('data-state', 'shipped');
  const toasts = page.page.getByTestId('toast');
  await expect(async () => {
    if ((await toasts.count()) > 0) await toasts.first().getByRole('button', { name: 'Dismiss' }).click();
    await expect(toasts).toHaveCount(0, { timeout: 200 });
  }).toPass();
}

async function orderOf(page: DemoPage): Promise<string> {
  return (await page.orders.first().getAttribute('data-order')) ?? '';
}
