import { randomBytes } from 'node:crypto';
import type { BrowserContext, BrowserContextOptions } from 'playwright/test';
import { test as base, expect } from 'stomp-relay/playwright';
import { type Area, DemoPage } from './demo-page.js';
import { type Environment, environment } from './environment.js';

export interface OpenOptions {
  /** Where to begin; default the shop. */
  area?: Area;
  /** The relay to use: the first or second of the environment, or a URL. Default the first. */
  relay?: 0 | 1 | string;
  /** A console message that matches is expected and no failure. */
  allow?: RegExp;
  /** A context of its own with these options, or one that is shared with other tabs. Default: one of its own. */
  context?: BrowserContextOptions | BrowserContext;
  /** Further parameters of the address. */
  query?: Readonly<Record<string, string>>;
  /** Default true: waits until it is connected and shows what the services say. */
  ready?: boolean;
}

/** Opens the demo in a new tab, signed in. */
export type Open = (user: string, options?: OpenOptions) => Promise<DemoPage>;

interface Fixtures {
  env: Environment;
  /** A name that no other test uses: what a user has been told stays with the services. */
  unique: (name: string) => string;
  /** Fails the test at its end when a page that it opened has complained in the console. */
  open: Open;
}

const isContext = (value: BrowserContextOptions | BrowserContext | undefined): value is BrowserContext =>
  value !== undefined && 'newPage' in value;

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are used from the pattern
  env: async ({}, use) => use(environment()),

  // biome-ignore lint/correctness/noEmptyPattern: as above
  unique: async ({}, use) => use((name) => `${name}-${randomBytes(3).toString('hex')}`),

  // `frames` watches every context that is made here.
  open: async ({ browser, env, frames: _ }, use) => {
    const opened: Array<{ page: DemoPage; allow: RegExp | undefined }> = [];
    const contexts = new Set<BrowserContext>();
    await use(async (user, options = {}) => {
      const { area = 'shop', relay = 0, allow, context, query = {}, ready = true } = options;
      const own = isContext(context) ? context : await browser.newContext(context);
      contexts.add(own);
      const page = new DemoPage(await own.newPage(), user);
      opened.push({ page, allow });
      const url = new URL(typeof relay === 'string' ? relay : env.relayUrls[relay]);
      url.search = new URLSearchParams({ user, ...query }).toString();
      url.hash = `#/${area}`;
      await page.page.goto(url.href);
      if (ready) await page.expectReady();
      return page;
    });
    for (const { page, allow } of opened) {
      const complaints = page.complaints.filter((text) => allow === undefined || !allow.test(text));
      expect.soft(complaints, `console of ${page.user}`).toEqual([]);
    }
    for (const context of contexts) await context.close();
  },
});

export { expect };
