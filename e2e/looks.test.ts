import { join } from 'node:path';
import { type BrowserContextOptions, devices } from 'playwright/test';
import { publish } from './support/amqp.js';
import type { RelayPage } from './support/relay-page.js';
import { expect, test } from './support/test.js';

const phone = devices['Pixel 7'];
const looks: Record<string, BrowserContextOptions> = {
  'desktop-light': { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  'desktop-dark': { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  'phone-light': { ...phone, colorScheme: 'light' },
  'phone-dark': { ...phone, colorScheme: 'dark' },
  'small-phone': { colorScheme: 'light', viewport: { width: 320, height: 640 }, isMobile: true },
};

for (const [name, context] of Object.entries(looks)) {
  test(`${name}: nothing is wider than the screen, before, during and after`, async ({ open, env }, info) => {
    const user = `look-${name}`;
    const page = await open(user, { context });
    const picture = async (moment: string) => {
      await expectNoSidewaysScroll(page);
      await page.page.evaluate(() => scrollTo(0, 0));
      const path = join(info.project.outputDir, 'looks', `${name}-${moment}.png`);
      await page.page.screenshot({ path, fullPage: true });
    };
    await picture('1-start');

    await page.connect();
    await page.sendToUser(user, 'Hello! Is anybody there? 👋');
    await expect(page.messages).toHaveCount(1);
    await page.sendToTopic('/topic/public.chat', 'The build is green again.\nThanks, everyone 🎉');
    await expect(page.messages).toHaveCount(2);
    const key = `${user}.topic.reply`;
    const event = { event: 'order.shipped', id: 48213, items: ['lamp', 'chair'], note: 'x'.repeat(300) };
    await publish(env.amqpUrl, 'relay.user', key, JSON.stringify(event));
    await expect(page.messages).toHaveCount(3);
    await publish(env.amqpUrl, 'relay.user', key, Buffer.from([0xff, 0xfe, 0x00, 0x42]));
    await expect(page.messages).toHaveCount(4);
    await picture('2-connected');

    await page.sendToTopic('/topic/secret.plans', 'let me in');
    // Also on a phone, scrolled down to the form.
    await expect(page.error).toBeInViewport();
    await expect(page.state).toHaveText('Disconnected');
    await picture('3-refused');
  });
}

async function expectNoSidewaysScroll(page: RelayPage): Promise<void> {
  const [content, screen] = await page.page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  expect(content).toBeLessThanOrEqual(screen ?? 0);
}
