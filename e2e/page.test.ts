import { publish } from './support/amqp.js';
import { expect, test } from './support/test.js';

const INBOX = '/user/topic/reply';

test('the page connects as the chosen user and says so', async ({ open }) => {
  const alice = await open('alice');
  await expect(alice.page).toHaveTitle('STOMP relay');
  await expect(alice.state).toHaveText('Disconnected');
  await expect(alice.page.getByRole('button', { name: 'Send', exact: true })).toBeDisabled();
  await alice.connect();
  await expect(alice.stateDetail).toHaveText('as alice, STOMP 1.2');
  await alice.page.getByRole('button', { name: 'Disconnect' }).click();
  await expect(alice.state).toHaveText('Disconnected');
  await expect(alice.error).toBeHidden();
});

test('a user on another relay gets what is sent to them, and nobody else does', async ({ open }) => {
  const alice = await open('alice', { relay: 0 });
  const bob = await open('bob', { relay: 1 });
  const carol = await open('carol', { relay: 1 });
  await Promise.all([alice.connect(), bob.connect(), carol.connect()]);

  await alice.sendToUser('bob', 'hello, bob');
  await expect(alice.sent.first()).toHaveAttribute('data-status', 'confirmed');
  await bob.expectShown([`alice | ${INBOX} | hello, bob`]);

  // Sent after the message to bob on the same way: had that one gone astray, it would be here before these.
  await alice.sendToUser('carol', 'hello, carol');
  await alice.sendToUser('alice', 'note to self');
  await carol.expectShown([`alice | ${INBOX} | hello, carol`]);
  await alice.expectShown([`alice | ${INBOX} | note to self`]);
  await bob.expectShown([`alice | ${INBOX} | hello, bob`]);
});

test('every tab of a user gets the message, on one relay or on two', async ({ open }) => {
  const alice = await open('alice');
  const tabs = await Promise.all([
    open('bob', { relay: 0 }),
    open('bob', { relay: 0 }),
    open('bob', { relay: 1 }),
  ]);
  await Promise.all([alice, ...tabs].map((page) => page.connect()));
  await alice.sendToUser('bob', 'to all of you');
  for (const tab of tabs) await tab.expectShown([`alice | ${INBOX} | to all of you`]);
});

test('what a user missed is there when they come back, marked as unread, and only once', async ({
  open,
  env,
}) => {
  const bob = await open('bob');
  await bob.connect();
  await bob.leave();
  await publish(env.amqpUrl, 'relay.user', 'bob.topic.reply', 'missed');
  await bob.connect();
  await bob.expectShown([`a service | ${INBOX} | missed`]);
  await expect(bob.page.getByTestId('message-unread')).toHaveCount(1);
  await bob.leave();

  await publish(env.amqpUrl, 'relay.user', 'bob.topic.reply', 'missed as well');
  await bob.connect();
  await bob.expectShown([`a service | ${INBOX} | missed as well`, `a service | ${INBOX} | missed`]);
});

test('a topic message reaches the subscribers of both relays', async ({ open }) => {
  const alice = await open('alice', { relay: 0 });
  const bob = await open('bob', { relay: 1 });
  await Promise.all([alice.connect(), bob.connect()]);
  await alice.sendToTopic('/topic/public.chat', 'hello, all');
  for (const page of [alice, bob]) await page.expectShown(['alice | /topic/public.chat | hello, all']);
});

test('a destination can be added and removed while connected', async ({ open }) => {
  const alice = await open('alice');
  await alice.connect();
  await alice.subscribe('/topic/public.news.#');
  await alice.expectListening();
  await alice.sendToTopic('/topic/public.news.sport', 'goal');
  await alice.expectShown(['alice | /topic/public.news.sport | goal']);

  await alice.page.getByRole('button', { name: 'Remove /topic/public.news.#' }).click();
  await expect(alice.subscriptions).toHaveCount(2);
  await alice.sendToTopic('/topic/public.news.sport', 'nobody hears this');
  await alice.sendToUser('alice', 'still here');
  await alice.expectShown([`alice | ${INBOX} | still here`, 'alice | /topic/public.news.sport | goal']);
});

test('what a service publishes over AMQP arrives, emoji and all', async ({ open, env }) => {
  const alice = await open('alice', { relay: 1 });
  await alice.connect();
  const text = '{"greeting":"grüße 👋🏽 日本","note":"<b>not bold</b>"}\n second line';
  await publish(env.amqpUrl, 'relay.user', 'alice.topic.reply', text);
  await alice.expectShown([`a service | ${INBOX} | ${text}`]);
});

test('a user whose name has special characters can be written to', async ({ open }) => {
  const name = "erin.o'neil+test@example.com";
  const alice = await open('alice');
  const erin = await open(name, { relay: 1 });
  await Promise.all([alice.connect(), erin.connect()]);
  await expect(erin.stateDetail).toHaveText(`as ${name}, STOMP 1.2`);
  await alice.sendToUser(name, 'got your name right 🎉');
  await erin.expectShown([`alice | ${INBOX} | got your name right 🎉`]);
});

test('a body that is not UTF-8 is shown as bytes and does not end the connection', async ({ open, env }) => {
  const alice = await open('alice');
  await alice.connect();
  const body = Buffer.from([0x66, 0xff, 0xfe, 0x00, 0x0a, 0xc3]);
  await publish(env.amqpUrl, 'relay.user', 'alice.topic.reply', body);
  await publish(env.amqpUrl, 'relay.user', 'alice.topic.reply', 'and then text');
  await alice.expectShown([
    `a service | ${INBOX} | and then text`,
    `a service | ${INBOX} | 66 ff fe 00 0a c3`,
  ]);
  await expect(alice.state).toHaveText('Connected');
});

test('the keyboard is enough', async ({ open }) => {
  const alice = await open('alice');
  const { keyboard } = alice.page;
  await alice.page.getByLabel('User', { exact: true }).focus();
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  await alice.expectListening();
  await expect(alice.page.getByRole('button', { name: 'Disconnect' })).toBeFocused();

  await alice.page.getByLabel('User name').fill('alice');
  await keyboard.press('Tab');
  await expect(alice.page.getByLabel('Message', { exact: true })).toBeFocused();
  await keyboard.type('by keyboard');
  await keyboard.press('Control+Enter');
  await alice.expectShown([`alice | ${INBOX} | by keyboard`]);
  await expect(alice.page.getByLabel('Message', { exact: true })).toBeFocused();
});
