import { DemoPage } from './support/demo-page.js';
import { expect, test } from './support/test.js';

// The script of the demo, from the sign-in on, as somebody does it who sees it for the first time.
test('alice sees an order move, goes, is written to, comes back, reads it, and mutes announcements', async ({
  context,
  env,
  open,
}) => {
  const enter = async () => {
    const alice = new DemoPage(await context.newPage(), 'alice');
    await alice.page.goto(env.relayUrls[0]);
    await alice.page.getByTestId('person-alice').click();
    await alice.expectReady();
    await expect(alice.page.getByTestId('me')).toContainText('alice');
    return alice;
  };
  let alice = await enter();

  await test.step('an order moves by itself', async () => {
    const order = alice.orders.first();
    await expect(order).toHaveAttribute('data-state', /paid|packed/);
    await expect(order).toHaveAttribute('data-state', 'shipped');
  });

  await test.step('she closes the tab, and bob writes', async () => {
    await alice.close();
    const bob = await open('bob', { relay: 1 });
    await bob.talkTo('alice');
    await bob.write('Is the cup any good?');
    await bob.close();
  });

  await test.step('she signs in again and sees that there is something', async () => {
    alice = await enter();
    await expect(alice.bellBadge).toBeVisible();
    await expect(alice.page).toHaveTitle(/\(\d+\)/);
    await expect(alice.page.getByTestId('nav-chat-badge')).toHaveText(/1/);
  });

  await test.step('she reads it', async () => {
    await alice.page.getByTestId('bell').click();
    await alice.expectReady();
    const before = await alice.unread();
    const notice = alice.notices.filter({ hasText: 'Is the cup any good?' });
    await expect(notice).toHaveAttribute('data-kind', 'mailbox');
    await expect(notice).toHaveAttribute('data-read', 'false');
    await notice.getByTestId('notice-link').click();
    await expect(alice.line('Is the cup any good?')).toBeVisible();
    await expect.poll(() => alice.unread()).toBeLessThan(before);
    await alice.goTo('notifications');
    await expect(notice).toHaveAttribute('data-read', 'true');
    await alice.page.getByTestId('mark-all-read').click();
    await expect(alice.bellBadge).toBeHidden();
  });

  await test.step('she mutes announcements and gets none', async () => {
    const wanted = alice.page.getByTestId('want-announcement');
    await wanted.click();
    await expect(wanted).not.toBeChecked();
    const bob = await open('bob');
    await bob.announce('Sale today', 'Everything must go.');
    // Behind it on the same way: had the announcement been for her, it would be here before this.
    await bob.talkTo('alice');
    await bob.write('Did you hear?');
    await alice.expectNotice('Did you hear?');
    await expect(alice.notice('Everything must go.')).toHaveCount(0);

    await alice.page.reload();
    await alice.expectReady();
    await expect(alice.notice('Did you hear?')).toBeVisible();
    await expect(alice.notice('Everything must go.')).toHaveCount(0);
    // It did go out: bob, who wants them, has it.
    await bob.goTo('notifications');
    await bob.expectNotice('Sale today');
  });
});
