import { expect, test } from './support/test.js';

test('a price is asked for and answered, with a discount for many, and refused for nonsense', async ({
  open,
  unique,
}) => {
  const mia = await open(unique('mia'));
  const lamp = mia.product('lamp');
  await lamp.getByTestId('quantity').fill('10');
  await lamp.getByTestId('ask-price').click();
  await expect(lamp.getByTestId('quote')).toHaveAttribute('data-phase', 'quoted');
  await expect(lamp.getByTestId('quote')).toContainText('10%');
  await expect(lamp.getByTestId('quote-total')).toHaveText(/\d/);
  await lamp.getByTestId('quantity').fill('0');
  await expect(lamp.getByTestId('ask-price')).toBeDisabled();
});

test('an order is placed, paid by a call-back, and moves by itself to its end, in both tabs', async ({
  open,
  unique,
  browser,
}) => {
  const context = await browser.newContext();
  const noah = unique('noah');
  const tab = await open(noah, { context });
  const other = await open(noah, { relay: 1 });
  const product = await tab.bestStocked();
  await product.getByTestId('quantity').fill('2');
  await product.getByTestId('place-order').click();
  const placed = tab.page.locator('[data-testid="order"][data-state="placed"]');
  await expect(placed).toHaveCount(1);
  const id = (await placed.getAttribute('data-order')) ?? '';
  const here = tab.order(id);
  const there = other.order(id);
  await expect(there).toHaveAttribute('data-state', 'placed');

  await here.getByTestId('pay').click();
  // Accepted long before the bank has answered.
  await expect(here.getByTestId('payment')).toHaveAttribute('data-phase', 'accepted');
  for (const order of [here, there]) await expect(order).toHaveAttribute('data-state', 'shipped');
});

test('a declined payment says so and can be tried again', async ({ open, unique }) => {
  const olga = await open(unique('olga'));
  const product = await olga.bestStocked();
  await product.getByTestId('quantity').fill('13');
  await product.getByTestId('place-order').click();
  const order = olga.page.locator('[data-testid="order"][data-state="placed"]');
  await order.getByTestId('pay').click();
  await expect(order.getByTestId('payment')).toHaveAttribute('data-phase', 'declined');
  await expect(order.getByTestId('pay')).toBeEnabled();
  await olga.goTo('notifications');
  await olga.expectNotice('Payment declined');
});

test('prices move by themselves', async ({ open, unique }) => {
  const page = await open(unique('paul'));
  // Which product it is, and whether its price or its stock changes, is drawn.
  const shown = () =>
    page.page
      .locator('[data-testid="price"], [data-testid="stock"]')
      .allTextContents()
      .then((texts) => texts.join());
  const before = await shown();
  await expect.poll(shown, { timeout: 30_000 }).not.toBe(before);
});
