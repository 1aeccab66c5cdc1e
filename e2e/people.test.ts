import { expect, test } from './support/test.js';

test('what two people write arrives at once, on another relay and in every tab of both', async ({
  open,
  unique,
  browser,
}) => {
  const names = [unique('anna'), unique('ben')] as const;
  const context = await browser.newContext();
  const anna = await open(names[0], { context });
  const ben = await open(names[1], { relay: 1 });
  const annas = [anna, await open(names[0], { context }), await open(names[0], { relay: 1 })];
  for (const tab of annas) await tab.talkTo(names[1]);
  await ben.talkTo(names[0]);

  await anna.write('hello, ben 👋🏽 日本');
  await ben.write('hello, anna');
  for (const page of [...annas, ben]) {
    for (const text of ['hello, ben 👋🏽 日本', 'hello, anna']) await expect(page.line(text)).toHaveCount(1);
    await expect(page.lines).toHaveCount(2);
  }
});

test('who is away finds it unread, once; reading it in one tab reads it in the other', async ({
  open,
  unique,
  browser,
}) => {
  const [dora, finn] = [unique('dora'), unique('finn')];
  const context = await browser.newContext();
  const first = await open(dora, { context });
  await expect(first.orders.first()).toHaveAttribute('data-state', 'shipped');
  await first.goTo('notifications');
  await first.expectNotice('shipped');
  // What happens by itself must not count here.
  await first.want('announcement', false);
  await first.page.getByTestId('mark-all-read').click();
  await expect(first.bellBadge).toBeHidden();
  await first.close();

  const writer = await open(finn, { relay: 1 });
  await writer.talkTo(dora);
  for (const text of ['one', 'two', 'three']) await writer.write(text);

  const one = await open(dora, { context });
  const two = await open(dora, { relay: 1 });
  const tabs = [one, two];
  for (const tab of tabs) {
    await expect.poll(() => tab.unread()).toBe(3);
    await expect(tab.page).toHaveTitle(/^\(3\)/);
    await tab.goTo('notifications');
    await expect(tab.unreadNotices).toHaveCount(3);
  }
  await one.notices.first().getByTestId('mark-read').click();
  for (const tab of tabs) await expect.poll(() => tab.unread()).toBe(2);
  await two.page.getByTestId('mark-all-read').click();
  for (const tab of tabs) {
    await expect(tab.bellBadge).toBeHidden();
    await expect(tab.unreadNotices).toHaveCount(0);
  }
  await one.talkTo(finn);
  for (const text of ['one', 'two', 'three']) await expect(one.line(text)).toHaveCount(1);
});

test('an announcement reaches everybody but those who muted it, in every tab, and also who was away', async ({
  open,
  unique,
}) => {
  const [away, here, mute] = [unique('away'), unique('here'), unique('mute')];
  await (await open(away)).close();
  const listener = await open(here, { relay: 1, area: 'notifications' });
  const muted = await open(mute, { area: 'notifications' });
  await muted.want('announcement', false);

  const title = unique('Sale');
  const speaker = await open(unique('speaker'));
  await speaker.announce(title, 'All day long');
  await listener.expectNotice(title);
  await expect(await listener.expectNotice(title)).toHaveAttribute('data-kind', 'announcement');
  const back = await open(away, { area: 'notifications' });
  await back.expectNotice(title);

  // Behind the announcement on the same way.
  await speaker.talkTo(mute);
  await speaker.write('not muted');
  await muted.expectNotice('not muted');
  await expect(muted.notice(title)).toHaveCount(0);

  // Muting is kept: also in a new tab, and undone for what comes next.
  const again = await open(mute, { area: 'notifications', relay: 1 });
  await expect(again.page.getByTestId('want-announcement')).not.toBeChecked();
  await again.want('announcement', true);
  await expect(muted.page.getByTestId('want-announcement')).toBeChecked();
  const second = unique('Second sale');
  await speaker.announce(second, 'And more');
  await muted.expectNotice(second);
  await expect(muted.notice(title)).toHaveCount(0);
});

test('a reminder comes of what one follows, and leads there', async ({ open, unique }) => {
  const gina = await open(unique('gina'));
  const order = gina.orders.first();
  const id = (await order.getAttribute('data-order')) ?? '';
  await expect(order).toHaveAttribute('data-state', 'shipped');
  await gina.goTo('notifications');
  const notice = await gina.expectNotice(`Order ${id} shipped`);
  await expect(notice).toHaveAttribute('data-kind', 'reminder');
  await expect(gina.page.locator(`[data-testid="followed"][data-id="${id}"]`)).toBeVisible();
  await notice.getByTestId('notice-link').click();
  await expect(gina.page).toHaveURL(new RegExp(`#/shop\\?order=${id}$`));
  await expect(order).toBeInViewport();
});

test('following a product is in step across tabs', async ({ open, unique, browser }) => {
  const hugo = unique('hugo');
  const context = await browser.newContext();
  const shop = await open(hugo, { context });
  const centre = await open(hugo, { context, area: 'notifications' });
  await shop.product('lamp').getByTestId('follow').click();
  const followed = centre.page.locator('[data-testid="followed"][data-type="product"][data-id="lamp"]');
  await expect(followed).toBeVisible();
  await followed.getByTestId('unfollow').click();
  await expect(shop.product('lamp').getByTestId('follow')).toHaveAttribute('aria-pressed', 'false');
});

test('a room is heard by who is in it, and typing is seen and never kept', async ({ open, unique }) => {
  const [ida, jan] = await Promise.all([open(unique('ida')), open(unique('jan'), { relay: 1 })]);
  await ida.enterRoom('lobby');
  await jan.enterRoom('lobby');
  await jan.page.getByTestId('chat-input').pressSequentially('I am wri', { delay: 20 });
  await expect(ida.page.getByTestId('typing')).toContainText(jan.user);
  const said = unique('hello, room');
  await jan.write(said);
  await expect(ida.line(said)).toHaveCount(1);
  await expect(ida.page.getByTestId('typing')).toBeEmpty();

  // Typing to somebody who is not there leaves nothing behind.
  const away = unique('kim');
  await (await open(away)).close();
  await jan.talkTo(away);
  await jan.page.getByTestId('chat-input').pressSequentially('are you there', { delay: 20 });
  await jan.write('are you there?');
  const kim = await open(away, { area: 'wire' });
  await expect(kim.page.getByTestId('wire-unread')).toHaveText('0');
  await kim.talkTo(jan.user);
  await expect(kim.line('are you there?')).toHaveCount(1);
  await expect(kim.page.getByTestId('typing')).toBeEmpty();
});

test('the shop answers who is alone', async ({ open, unique }) => {
  const lena = await open(unique('lena'));
  await lena.talkTo('shop');
  await lena.write('Where is my order?');
  await expect(lena.page.locator('[data-testid="chat-line"][data-from="shop"]')).toHaveCount(1);
});
