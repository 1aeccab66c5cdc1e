import { expect, type Locator, type Page } from 'playwright/test';

/** The relay's page in one browser tab, as a user sees it. */
export class RelayPage {
  /** What the browser's console complained about, Content-Security-Policy included. */
  readonly complaints: string[] = [];
  readonly state: Locator;
  readonly stateDetail: Locator;
  readonly error: Locator;
  readonly messages: Locator;
  readonly sent: Locator;
  readonly subscriptions: Locator;

  constructor(readonly page: Page) {
    this.state = page.getByTestId('state-name');
    this.stateDetail = page.getByTestId('state-detail');
    this.error = page.getByTestId('error-message');
    this.messages = page.getByTestId('message');
    this.sent = page.getByTestId('sent');
    this.subscriptions = page.getByTestId('subscription');
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** Connects and waits until every subscription is confirmed: nothing that is sent now can be missed. */
  async connect(): Promise<void> {
    await this.page.getByRole('button', { name: 'Connect', exact: true }).click();
    await this.expectListening();
  }

  /** Disconnects in order, so that what was shown counts as read. */
  async leave(): Promise<void> {
    const button = this.page.getByRole('button', { name: 'Disconnect' });
    if (!(await button.isVisible())) return;
    await button.click();
    await expect(this.state).toHaveText('Disconnected');
  }

  async expectListening(): Promise<void> {
    await expect(this.state).toHaveText('Connected');
    const subscriptions = await this.subscriptions.all();
    for (const subscription of subscriptions)
      await expect(subscription).toHaveAttribute('data-status', 'active');
  }

  async pasteToken(token: string): Promise<void> {
    await this.page.getByLabel('Token', { exact: true }).check();
    await this.page.getByLabel('Token (JWT)').fill(token);
    await this.page.getByRole('button', { name: 'Connect', exact: true }).click();
  }

  async sendToUser(user: string, text: string): Promise<void> {
    await this.page.getByLabel('To a user').check();
    await this.page.getByLabel('User name').fill(user);
    await this.#send(text);
  }

  async sendToTopic(topic: string, text: string): Promise<void> {
    await this.page.getByLabel('To a topic').check();
    await this.page.getByLabel('Topic', { exact: true }).fill(topic);
    await this.#send(text);
  }

  async subscribe(destination: string): Promise<void> {
    await this.page.getByLabel('Add a destination').fill(destination);
    await this.page.getByRole('button', { name: 'Subscribe', exact: true }).click();
  }

  /** Sender, destination and body of every message on the page, newest first. */
  async shown(): Promise<string[]> {
    return this.messages.evaluateAll((items) =>
      items.map((item) =>
        ['message-from', 'message-destination', 'message-body']
          .map((id) => item.querySelector(`[data-testid="${id}"]`)?.textContent ?? '')
          .join(' | '),
      ),
    );
  }

  /** Waits until the page shows exactly these messages, newest first. */
  async expectShown(messages: string[]): Promise<void> {
    await expect.poll(() => this.shown()).toEqual(messages);
  }

  async #send(text: string): Promise<void> {
    await this.page.getByLabel('Message', { exact: true }).fill(text);
    await this.page.getByRole('button', { name: 'Send', exact: true }).click();
  }
}
