import { publish } from './support/amqp.js';
import { expect, test } from './support/test.js';

/** Whatever of it is taken for markup says so. */
const HOSTILE = `<img src=x onerror="window.pwned=1"><script>window.pwned=1</script><b>bold</b>`;

test('markup that somebody writes is text, wherever it is shown', async ({ open, unique }) => {
  const [eve, ned] = [await open(unique('eve')), await open(unique('ned'), { relay: 1 })];
  await eve.talkTo(ned.user);
  await eve.write(HOSTILE);
  const title = `<u>${unique('sale')}</u>`;
  await eve.announce(title, HOSTILE);

  await ned.talkTo(eve.user);
  await expect(ned.line(HOSTILE)).toHaveCount(1);
  await ned.goTo('notifications');
  await ned.expectNotice(title);
  await expect(ned.notice(title)).toContainText(HOSTILE);
  await ned.goTo('wire');
  for (const { page } of [eve, ned]) {
    expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
    await expect(page.locator('main b, main u, main img, main script')).toHaveCount(0);
  }
});

test('a name is text, too', async ({ open, unique }) => {
  const name = unique('<i>Trudy</i>');
  const trudy = await open(name);
  await expect(trudy.page.getByTestId('me')).toContainText(name);
  const other = await open(unique('olaf'));
  await other.talkTo(name);
  await expect(other.page.locator('main i')).toHaveCount(0);
});

test('the page runs its own scripts only, and says so to the browser', async ({ page, env }) => {
  const answer = await page.goto(env.relayUrls[0]);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  const refused = page.waitForEvent('console', (message) => /Content Security Policy/.test(message.text()));
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.pwned = 1';
    document.body.append(script);
  });
  await refused;
  expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
});

test('what another user forges in the name of a service is not believed', async ({ open, unique, env }) => {
  const pia = await open(unique('pia'), { area: 'notifications' });
  const notice = (title: string) =>
    JSON.stringify({
      sendType: 'user',
      messageType: 'notification',
      businessType: 'notice',
      fromUniqueId: 'notifications',
      toUniqueId: pia.user,
      fromClientType: 'service',
      timestamp: Date.now(),
      content: { id: title, kind: 'announcement', title, text: '', at: Date.now(), read: false },
    });
  const key = `${pia.user}.topic.notifications`;
  // As the relay marks what a client has sent: services have no such header.
  const headers = { 'relay-user': 'mallory' };
  await publish(env.amqpUrl, 'relay.user', key, notice('You have won'), { headers, messageId: unique('m') });
  await publish(env.amqpUrl, 'relay.user', key, notice('Really from the shop'), { messageId: unique('m') });
  await pia.expectNotice('Really from the shop');
  await expect(pia.notice('You have won')).toHaveCount(0);
});

test('bodies that are no envelope, no JSON, no text at all are seen in the wire view and break nothing', async ({
  open,
  unique,
  env,
}) => {
  const quin = await open(unique('quin'), { area: 'wire' });
  const session = await quin.page.getByTestId('wire-session').textContent();
  const bodies = [
    Buffer.from([0x66, 0xff, 0xfe, 0x00, 0x0a, 0xc3]),
    Buffer.from('{"an":"object"}'),
    Buffer.from('"text"'),
    Buffer.from('plain words'),
    Buffer.alloc(0),
  ];
  for (const topic of ['notifications', 'centre', 'orders', 'payments', 'chat', 'typing']) {
    for (const body of bodies) {
      await publish(env.amqpUrl, 'relay.user', `${quin.user}.topic.${topic}`, body, {
        messageId: unique('m'),
      });
    }
  }
  const messages = quin.page.locator('[data-testid="frame"][data-command="MESSAGE"]');
  await expect(messages.filter({ hasText: '/user/topic/typing' })).not.toHaveCount(0);
  await expect.poll(() => messages.filter({ hasText: '/user/topic/' }).count()).toBeGreaterThanOrEqual(30);
  for (const area of ['shop', 'chat', 'notifications', 'wire'] as const) await quin.goTo(area);
  await expect(quin.page.getByTestId('wire-session')).toHaveText(session ?? '');
});
