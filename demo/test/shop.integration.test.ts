import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestRelay, unique } from '../../relay/test/support/relay.js';
import { World } from '../../relay/test/support/world.js';
import {
  type Accepted,
  listen,
  type Notice,
  type Order,
  type Payment,
  type Product,
  type Quote,
  type ShopView,
} from '../contract.js';
import { Customer } from './support/customer.js';
import { Shop } from './support/shop.js';

const world = new World();
let relay: TestRelay;

beforeAll(async () => {
  relay = await world.relay();
  await world.keep(Shop.open());
});
afterAll(() => world.close());

async function customer(name = unique('alice@example.com')): Promise<Customer> {
  const one = await Customer.at(relay, name);
  await one.listen(listen.orders);
  await one.listen(listen.payments);
  return one;
}

/** The states of an order as they were pushed. */
const states = (one: Customer, order: string) =>
  one
    .heard<Order>(listen.orders)
    .filter(({ id }) => id === order)
    .map(({ state }) => state);

it('gives whoever comes for the first time an order that moves by itself', async () => {
  const alice = await customer();
  const { products, orders } = await alice.ask<ShopView>('shop', {});
  expect(products).toHaveLength(6);
  expect(orders).toHaveLength(1);
  const [order] = orders;
  expect(order).toMatchObject({ user: alice.name, state: 'paid' });

  const shipped = await alice.hears<Order>(listen.orders, ({ state }) => state === 'shipped');
  expect(shipped.id).toBe(order?.id);
  expect(states(alice, shipped.id)).toEqual(['placed', 'paid', 'packed', 'shipped']);
  const { placed = 0, paid = 0, packed = 0, shipped: sent = 0 } = shipped.history;
  expect([placed, paid, packed, sent]).toEqual([placed, paid, packed, sent].toSorted((a, b) => a - b));

  const again = await alice.ask<ShopView>('shop', {});
  expect(again.orders.map(({ id }) => id)).toEqual([shipped.id]);
});

it('accepts a payment at once and pushes what the bank says later', async () => {
  const alice = await customer();
  const order = await alice.ask<Order>('order', { product: 'book', quantity: 2 });
  expect(order.state).toBe('placed');

  const accepted = await alice.ask<Accepted>('pay', { order: order.id });
  expect(accepted.status).toBe(202);
  expect(alice.heard(listen.payments)).toEqual([]);

  const payment = await alice.hears<Payment>(listen.payments);
  expect(payment).toMatchObject({ id: accepted.payment, order: order.id, state: 'paid' });
  await alice.hears<Order>(listen.orders, ({ id, state }) => id === order.id && state === 'shipped');
  expect(states(alice, order.id)).toEqual(['placed', 'paid', 'packed', 'shipped']);
});

it('asks the bank once, and only for orders that are the user’s own and not paid', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  const order = await alice.ask<Order>('order', { product: 'book', quantity: 1 });
  expect(await bob.refusal('pay', { order: order.id })).toBe(404);
  await alice.ask('pay', { order: order.id });
  expect(await alice.refusal('pay', { order: order.id })).toBe(409);
  await alice.hears<Payment>(listen.payments);
  expect(await alice.refusal('pay', { order: order.id })).toBe(409);
  expect(alice.heard(listen.payments)).toHaveLength(1);

  const [welcome] = (await bob.ask<ShopView>('shop', {})).orders;
  await bob.hears<Order>(listen.orders, ({ state }) => state === 'shipped');
  expect(await bob.refusal('pay', { order: welcome?.id })).toBe(409);
});

it('has a bank that declines thirteen of anything, whereupon the order stays where it is', async () => {
  const alice = await customer();
  await alice.listen(listen.notifications);
  const order = await alice.ask<Order>('order', { product: 'cup', quantity: 13 });
  await alice.ask('pay', { order: order.id });
  expect((await alice.hears<Payment>(listen.payments)).state).toBe('declined');
  expect((await alice.hears<Notice>(listen.notifications)).title).toBe('Payment declined');
  expect(states(alice, order.id)).toEqual(['placed']);
  // It may be tried again.
  expect((await alice.ask<Accepted>('pay', { order: order.id })).status).toBe(202);
});

it('answers what many cost', async () => {
  const alice = await customer();
  const { unit, total, discount, validUntil } = await alice.ask<Quote>('price', {
    product: 'lamp',
    quantity: 10,
  });
  expect(discount).toBe(10);
  expect(total).toBe(Math.round(unit * 9));
  expect(validUntil).toBeGreaterThan(Date.now());
});

it.each([
  ['price', { product: 'spaceship', quantity: 1 }, 404],
  ['price', { product: 'lamp', quantity: 0 }, 400],
  ['price', { product: 'lamp', quantity: '1' }, 400],
  ['price', [], 400],
  ['order', { product: 'lamp', quantity: 1.5 }, 400],
  ['order', { product: 'spaceship', quantity: 1 }, 404],
  ['order', { product: 'lamp', quantity: 1000 }, 409],
  ['pay', { order: true }, 400],
  ['pay', { order: 'A-9999999' }, 404],
] as const)('refuses %s %j', async (what, content, status) => {
  const alice = await customer();
  expect(await alice.refusal(what, content)).toBe(status);
});

it('takes what was ordered from the shelf, and tells everybody', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  await bob.listen(listen.products);
  const before = (await alice.ask<ShopView>('shop', {})).products.find(({ id }) => id === 'plant');
  await alice.ask<Order>('order', { product: 'plant', quantity: 1 });
  const told = await bob.hears<Product>(listen.products, ({ id }) => id === 'plant');
  expect(told.stock).toBe((before?.stock ?? 0) - 1);
});

it('does a request that comes again only once, and gives it the same answer', async () => {
  const alice = await customer();
  const headers = { 'amqp-message-id': unique('request') };
  const first = await alice.ask<Order>('order', { product: 'book', quantity: 1 }, headers);
  const second = await alice.ask<Order>('order', { product: 'book', quantity: 1 }, headers);
  expect(second).toEqual(first);
  expect((await alice.ask<ShopView>('shop', {})).orders).toHaveLength(1);

  // The id is the client's own choice: another's is another request.
  const bob = await customer(unique('bob'));
  const other = await bob.ask<Order>('order', { product: 'book', quantity: 1 }, headers);
  expect(other.user).toBe(bob.name);
});
