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
      await forgetUnread(env.relayUrls[0], user);
      await tab.goto(
        `${typeof relay === 'string' ? relay : env.relayUrls[relay]}/?user=${encodeURIComponent(user)}`,
      );
      return page;
    });
    for (const { user, page, allow } of opened) {
      const complaints = page.complaints.filter((text) => allow === undefined || !allow.test(text));
      expect.soft(complaints, `console of ${user}`).toEqual([]);
      await page.leave();
      await page.page.context().close();
    }
  },
});

/** Users are the same in all tests: nobody is to be shown what a test before has left. */
async function forgetUnread(relayUrl: string, user: string): Promise<void> {
  const issued = await fetch(`${relayUrl}/demo/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
  });
  const { token } = (await issued.json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${relayUrl}/api/unread`, { method: 'DELETE', headers })).status).toBe(200);
}

export { expect };
