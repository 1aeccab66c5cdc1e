import { expect, type Locator, type Page } from 'playwright/test';

export type Area = 'shop' | 'chat' | 'notifications' | 'wire';

/** The demo in one browser tab, as a person sees it. */
export class DemoPage {
  /** What the browser's console complained about, Content-Security-Policy included. */
  readonly complaints: string[] = [];
  readonly connection: Locator;
  readonly bellBadge: Locator;
  readonly notices: Locator;
  readonly unreadNotices: Locator;
  readonly orders: Locator;
  readonly lines: Locator;
  readonly frames: Locator;

  constructor(
    readonly page: Page,
    readonly user: string,
  ) {
    this.connection = page.getByTestId('connection');
    this.bellBadge = page.getByTestId('bell-badge');
    this.notices = page.getByTestId('notice');
    this.unreadNotices = page.locator('[data-testid="notice"][data-read="false"]');
    this.orders = page.getByTestId('order');
    this.lines = page.getByTestId('chat-line');
    this.frames = page.getByTestId('frame');
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** Waits until it is connected and the services have answered what this area shows. */
  async expectReady(): Promise<void> {
    await expect(this.connection).toHaveAttribute('data-state', 'connected');
    await expect(this.page.locator('main h1')).toBeVisible();
    await expect(this.page.getByTestId('loading')).toBeHidden();
    await expect(this.page.getByTestId('unavailable')).toBeHidden();
  }

  async goTo(area: Area): Promise<void> {
    // Chromium draws a tab behind another one once a second, and Playwright clicks only on what is drawn.
    await this.page.bringToFront();
    await this.page.getByTestId(`nav-${area}`).click();
    await expect(this.page.getByTestId(`nav-${area}`)).toHaveAttribute('aria-current', 'page');
    await this.expectReady();
  }

  /** Notices of the centre in whose title or text this stands. */
  notice(text: string): Locator {
    return this.notices.filter({ hasText: text });
  }

  /** Waits in the centre until the notice is there, also where it came while one looked and waits to be let in. */
  async expectNotice(text: string): Promise<Locator> {
    const notice = this.notice(text);
    const showNew = this.page.getByTestId('show-new');
    await expect(async () => {
      if (await showNew.isVisible()) await showNew.click();
      await expect(notice).toBeVisible({ timeout: 500 });
    }).toPass();
    return notice;
  }

  async unread(): Promise<number> {
    const text = (await this.bellBadge.textContent({ timeout: 1000 }).catch(() => null)) ?? '';
    return Number(/\d+/.exec(text)?.[0] ?? 0);
  }

  /** Opens the conversation with somebody who has been here, by the list. */
  async talkTo(user: string): Promise<void> {
    await this.openPlace(`person:${user}`);
  }

  async enterRoom(room: string): Promise<void> {
    await this.openPlace(`room:${room}`);
  }

  async openPlace(place: string): Promise<void> {
    await this.goTo('chat');
    await this.page.locator(`[data-testid="chat-place"][data-place="${place}"]`).click();
    await expect(this.page.getByTestId('conversation')).toBeVisible();
  }

  /** Writes into the open conversation and waits until the service has it. */
  async write(text: string): Promise<void> {
    await this.page.getByTestId('chat-input').fill(text);
    await this.page.getByTestId('chat-send').click();
    await expect(this.line(text)).toBeVisible();
    await expect(this.line(text)).not.toHaveAttribute('data-pending');
  }

  line(text: string): Locator {
    return this.lines.filter({ has: this.page.getByTestId('chat-text').getByText(text, { exact: true }) });
  }

  async announce(title: string, text: string): Promise<void> {
    await this.goTo('notifications');
    await this.page.getByTestId('announce-title').fill(title);
    await this.page.getByTestId('announce-text').fill(text);
    // The service takes one in two seconds of a user.
    await expect(async () => {
      await this.page.getByTestId('announce').click();
      await expect(this.page.getByTestId('announce-title')).toHaveValue('', { timeout: 1000 });
    }).toPass();
  }

  /** Wants notices of a kind, or no more; waits until the service has said yes. */
  async want(kind: 'announcement' | 'reminder' | 'mailbox', wanted: boolean): Promise<void> {
    const choice = this.page.getByTestId(`want-${kind}`);
    if ((await choice.isChecked()) !== wanted) await choice.click();
    await expect(choice).toBeChecked({ checked: wanted });
  }

  order(id: string): Locator {
    return this.page.locator(`[data-testid="order"][data-order="${id}"]`);
  }

  /** The product of which most are left; what is on the shelf changes by itself. */
  async bestStocked(): Promise<Locator> {
    const products = this.page.getByTestId('product');
    const texts = await products.getByTestId('stock').allTextContents();
    const stocks = texts.map((text) => Number(/\d+/.exec(text)?.[0] ?? 0));
    const id = await products.nth(stocks.indexOf(Math.max(...stocks))).getAttribute('data-product');
    return this.product(id ?? '');
  }

  product(id: string): Locator {
    return this.page.locator(`[data-testid="product"][data-product="${id}"]`);
  }

  /** Leaves as a person does who closes the tab; the relay hears of it. */
  async close(): Promise<void> {
    await this.page.close();
  }
}
