import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Service } from '../../relay/test/support/amqp.js';
import { type TestRelay, unique } from '../../relay/test/support/relay.js';
import { UnreadClient } from '../../relay/test/support/unread.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { World } from '../../relay/test/support/world.js';
import {
  type Centre,
  type CentreChange,
  type Kind,
  listen,
  type Notice,
  type Order,
  type ShopView,
} from '../contract.js';
import { catalogue } from '../services/shop/catalogue.js';
import type { ProductChanged } from '../services/shop/service.js';
import { Customer } from './support/customer.js';
import { publishEvent, Shop } from './support/shop.js';

const world = new World();
let relay: TestRelay;
let service: Service;
let shop: Shop;

beforeAll(async () => {
  relay = await world.relay();
  service = await world.service();
  shop = await world.keep(Shop.open());
});
afterAll(() => world.close());

async function customer(name = unique('alice'), at = relay): Promise<Customer> {
  const one = await Customer.at(at, name);
  await one.listen(listen.notifications);
  await one.listen(listen.centre);
  await one.ask<Centre>('centre', {});
  return one;
}

const centre = (one: Customer) => one.ask<Centre>('centre', {});
const cheaper = (id: string): ProductChanged => {
  const product = catalogue.find((listed) => listed.id === id);
  if (product === undefined) throw new Error(`no product ${id}`);
  return { product: { ...product, price: product.price - 100 }, was: product };
};

it('tells the owner of an order without being asked to', async () => {
  const alice = await customer();
  const [order] = (await alice.ask<ShopView>('shop', {})).orders;
  const about = { type: 'order', id: order?.id };
  const shipped = await alice.hears<Notice>(listen.notifications, ({ title }) => title.endsWith('shipped'));
  expect(shipped).toMatchObject({ kind: 'reminder', about, read: false });

  const { notices, following } = await centre(alice);
  expect(notices[0]).toEqual(shipped);
  expect(notices.map(({ title }) => title.split(' ').at(-1))).toEqual(['shipped', 'packed', 'paid']);
  expect(following).toEqual([about]);
});

it('stops telling whoever unfollows', async () => {
  const alice = await customer();
  const order = await alice.ask<Order>('order', { product: 'book', quantity: 1 });
  await alice.hears<CentreChange>(listen.centre, ({ following }) => following?.length === 1);
  await alice.ask('follow', { type: 'order', id: order.id, on: false });
  await alice.ask('pay', { order: order.id });
  await alice.listen(listen.orders);
  await alice.hears<Order>(listen.orders, ({ state }) => state === 'shipped');
  // What comes after it has come, so what was to come before would have, too.
  const mark = await alice.ask<{ reached: number }>('announce', { title: 'mark', text: 'mark' });
  expect(mark.reached).toBeGreaterThan(0);
  expect((await centre(alice)).notices.filter(({ kind }) => kind === 'reminder')).toEqual([]);
});

it('tells those who follow a product that it is cheaper or there again, once', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  const change = await alice.ask<CentreChange>('follow', { type: 'product', id: 'lamp', on: true });
  expect(change.following).toEqual([{ type: 'product', id: 'lamp' }]);

  const messageId = unique('event');
  await publishEvent(service, 'product.changed', cheaper('lamp'), { messageId });
  await publishEvent(service, 'product.changed', cheaper('lamp'), { messageId });
  await publishEvent(service, 'product.changed', cheaper('chair'));
  const { product } = cheaper('lamp');
  await publishEvent(service, 'product.changed', { product, was: { ...product, stock: 0 } });
  await alice.hears<Notice>(listen.notifications, ({ title }) => title === 'Reading lamp is back');
  expect(alice.heard<Notice>(listen.notifications).map(({ title }) => title)).toEqual([
    'Reading lamp is cheaper',
    'Reading lamp is back',
  ]);
  expect((await centre(bob)).notices).toEqual([]);
});

it('lets nobody follow somebody else’s order', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  const order = await alice.ask<Order>('order', { product: 'book', quantity: 1 });
  await alice.hears<CentreChange>(listen.centre, ({ following }) => following?.length === 1);
  expect(await bob.refusal('follow', { type: 'order', id: order.id, on: true })).toBe(404);
  expect(await bob.refusal('follow', { type: 'product', id: 'spaceship', on: true })).toBe(404);
  expect(await bob.refusal('follow', { type: 'secret', id: 'lamp', on: true })).toBe(400);
});

it('neither pushes nor stores what is muted', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  await alice.ask('follow', { type: 'product', id: 'clock', on: true });
  const muted: Kind[] = ['announcement'];
  expect(await alice.ask<CentreChange>('settings', { muted })).toEqual({ muted });

  const title = unique('news');
  await bob.ask('announce', { title, text: 'to everybody' });
  await bob.hears<Notice>(listen.notifications, (notice) => notice.title === title);
  await publishEvent(service, 'product.changed', cheaper('clock'));
  await alice.hears<Notice>(listen.notifications, (notice) => notice.title === 'Quiet clock is cheaper');
  expect(alice.heard<Notice>(listen.notifications).map((notice) => notice.title)).not.toContain(title);
  const { notices, muted: kept } = await centre(alice);
  expect(notices.map((notice) => notice.title)).toEqual(['Quiet clock is cheaper']);
  expect(kept).toEqual(muted);
  const unread = await UnreadClient.of(relay, alice.name);
  expect((await unread.pull(10, '/topic/notifications')).messages).toEqual([]);

  expect(await alice.refusal('settings', { muted: ['everything'] })).toBe(400);
});

it('keeps settings over a restart', async () => {
  const alice = await customer();
  await alice.ask('settings', { muted: ['mailbox', 'reminder'] });
  await shop.stop();
  await shop.start();
  expect((await centre(alice)).muted).toEqual(['reminder', 'mailbox']);
});

it('marks as read in all tabs, at whichever relay', async () => {
  const alice = await customer();
  const tab = await customer(alice.name, await world.relay());
  const bob = await customer(unique('bob'));
  await alice.ask('chat', {});
  for (const text of ['one', 'two']) await bob.ask('write', { to: alice.name, text });
  await tab.hears<Notice>(listen.notifications, ({ text }) => text === 'two');
  const [second, first] = (await centre(alice)).notices;
  const ids = [first?.id ?? ''];

  expect(await alice.ask<CentreChange>('markRead', { ids })).toEqual({ read: ids });
  for (const one of [alice, tab])
    await one.hears<CentreChange>(listen.centre, ({ read }) => read?.[0] === ids[0]);
  const read = async () => (await centre(tab)).notices.map((notice) => notice.read);
  expect(await read()).toEqual([false, true]);
  // Nobody reads for another.
  await bob.ask('markRead', { ids: [second?.id] });
  expect(await read()).toEqual([false, true]);

  await tab.ask('markRead', { all: true });
  for (const one of [alice, tab]) await one.hears<CentreChange>(listen.centre, ({ read }) => read === 'all');
  expect(await read()).toEqual([true, true]);
});

it('keeps an announcement for whoever is away', async () => {
  const carol = await customer(unique('carol'));
  await carol.leave();
  const bob = await customer(unique('bob'));
  const title = unique('news');
  const { reached } = await bob.ask<{ reached: number }>('announce', { title, text: 'for all' });
  expect(reached).toBeGreaterThanOrEqual(2);

  const unread = await UnreadClient.of(relay, carol.name);
  const mailbox = await waitFor(
    async () => {
      const { messages } = await unread.pull(10, '/topic/notifications');
      return messages.length > 0 && messages;
    },
    { what: 'unread mail', timeout: 30_000 },
  );
  const [pulled] = mailbox.map(({ body }) => JSON.parse(body).content as Notice);
  expect(pulled).toMatchObject({ kind: 'announcement', title, read: false });
  // The same one, which a page tells by its id.
  const back = await Customer.at(relay, carol.name);
  expect((await centre(back)).notices[0]).toEqual(pulled);
});

it('lets nobody announce faster than people read', async () => {
  const bob = await customer(unique('bob'));
  const headers = { 'amqp-message-id': unique('request') };
  const news = { title: 'Tea', text: unique('tea') };
  const answer = await bob.ask('announce', news, headers);
  // The same request again is no second announcement, and is answered like the first.
  expect(await bob.ask('announce', news, headers)).toEqual(answer);
  const { notices } = await centre(bob);
  expect(notices.filter(({ text }) => text === news.text)).toHaveLength(1);
  expect(await bob.refusal('announce', { title: 'Tea' })).toBe(400);
});
