import { type BrowserContextOptions, test as base, expect } from 'playwright/test';
import { type Environment, environment } from './environment.js';
import { RelayPage } from './relay-page.js';

interface OpenOptions {
  /** The relay to use: the first or second of the environment, or a URL. Default the first. */
  relay?: 0 | 1 | string;
  /** A console message that matches is expected and no failure. */
  allow?: RegExp;
  context?: BrowserContextOptions;
}

/** Opens the page for a user in a browser context of its own, so that nothing is shared but the relay. */
export type Open = (user: string, options?: OpenOptions) => Promise<RelayPage>;

interface Fixtures {
  env: Environment;
  /** Fails the test at its end when a page that it opened has complained in the console. */
  open: Open;
}

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
  env: async ({}, use) => use(environment()),

  open: async ({ browser, env }, use) => {
    const opened: Array<{ user: string; page: RelayPage; allow: RegExp | undefined }> = [];
    await use(async (user, { relay = 0, allow, context } = {}) => {
      const tab = await (await browser.newContext(context)).newPage();
      const page = new RelayPage(tab);
      opened.push({ user, page, allow });
      await tab.goto(
        `${typeof relay === 'string' ? relay : env.relayUrls[relay]}/?user=${encodeURIComponent(user)}`,
      );
      return page;
    });
    for (const { user, page, allow } of opened) {
      const complaints = page.complaints.filter((text) => allow === undefined || !allow.test(text));
      expect.soft(complaints, `console of ${user}`).toEqual([]);
      await page.page.context().close();
    }
  },
});

export { expect };
