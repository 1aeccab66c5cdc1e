import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Service } from '../../relay/test/support/amqp.js';
import { broker } from '../../relay/test/support/broker.js';
import { manage } from '../../relay/test/support/management.js';
import { CuttingProxy } from '../../relay/test/support/proxy.js';
import { type TestRelay, unique } from '../../relay/test/support/relay.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { World } from '../../relay/test/support/world.js';
import { listen, type Order, type Payment, type Product, type ShopView } from '../contract.js';
import { Customer } from './support/customer.js';
import { publishEvent, publishRequest, Shop, type ShopOptions } from './support/shop.js';

let world: World;
let relay: TestRelay;
let service: Service;

beforeEach(async () => {
  world = new World();
  relay = await world.relay();
  service = await world.service();
});
afterEach(() => world.close());

const open = (options: ShopOptions = {}) => world.keep(Shop.open(options));
const customer = (name = unique('alice')) => Customer.at(relay, name);
/** Messages that were put aside. */
const dead = async () => (await service.channel.checkQueue('service.dead')).messageCount;
const state = async (one: Customer) => (await one.ask<ShopView>('shop', {})).orders[0]?.state;
/** For what takes long on a machine that has other things to do. */
const patience = { timeout: 40_000 };
const shipped = (one: Customer) =>
  waitFor(async () => (await state(one)) === 'shipped', { what: 'the order that moves on', ...patience });

it('goes on with open orders and payments after a restart', async () => {
  // As slow as in life: nothing is over before it stops.
  const shop = await open({ speed: 0.05 });
  const alice = await customer();
  const order = await alice.ask<Order>('order', { product: 'book', quantity: 1 });
  await alice.ask('pay', { order: order.id });
  const bob = await customer(unique('bob'));
  await bob.ask<ShopView>('shop', {});
  await shop.stop();

  await shop.start(20);
  await waitFor(async () => (await state(alice)) === 'shipped', {
    what: 'the order that was being paid for',
  });
  await waitFor(async () => (await state(bob)) === 'shipped', { what: 'the order that was paid' });
});

it('publishes after a restart what it could not publish before', async () => {
  const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
  const shop = await open({ amqpUrl: proxy.url, only: ['payments'] });
  const alice = await customer();
  await alice.listen(listen.payments);
  const order: Order = {
    id: unique('A'),
    user: alice.name,
    product: 'book',
    quantity: 1,
    total: 1,
    state: 'placed',
    history: {},
  };
  await publishEvent(service, 'order.placed', order);
  const { payment } = await alice.ask<{ payment: string }>('pay', { order: order.id });
  // The bank calls back while there is no broker.
  proxy.fail();
  await waitFor(() => shop.rows('payments', "SELECT 1 FROM payments WHERE state = 'paid'") === 1, {
    what: 'the bank',
    ...patience,
  });
  await shop.stop();
  expect(shop.rows('payments', 'SELECT 1 FROM outbox')).toBe(2);
  proxy.restore();
  await shop.start();
  expect(await alice.hears<Payment>(listen.payments)).toMatchObject({ id: payment, state: 'paid' });
});

it('publishes again what was lost on the way', async () => {
  const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
  await open({ amqpUrl: proxy.url, only: ['payments'] });
  const alice = await customer();
  await alice.listen(listen.payments);
  const order = {
    id: unique('A'),
    user: alice.name,
    product: 'book',
    quantity: 1,
    total: 1,
    state: 'placed',
  };
  await publishEvent(service, 'order.placed', order);
  const told = await service.tap('demo.events', 'payment.settled');
  const connections = proxy.passed;
  proxy.cutBefore((bytes) => bytes.includes('payment.settled'));
  const { payment } = await alice.ask<{ payment: string }>('pay', { order: order.id });
  expect(await alice.hears<Payment>(listen.payments)).toMatchObject({ id: payment });
  await waitFor(() => told.messages.length > 0, { what: 'the event', ...patience });
  expect(proxy.passed).toBeGreaterThan(connections);
});

it('comes back when the broker was away, and works on what was asked meanwhile', async () => {
  const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
  await open({ amqpUrl: proxy.url });
  const alice = await customer();
  await alice.ask('shop', {});
  proxy.fail();
  const answer = alice.ask<ShopView>('shop', {});
  await waitFor(() => proxy.refused > 0, { what: 'services that try to come back', ...patience });
  proxy.restore();
  expect((await answer).products).toHaveLength(6);
  await shipped(alice);
});

it('makes its queue again when somebody deletes it', async () => {
  await open({ only: ['prices'] });
  const alice = await customer();
  const query = { product: 'lamp', quantity: 1 };
  await alice.ask('price', query);
  await service.channel.deleteQueue('service.prices');
  await waitFor(
    async () => {
      const queues = await manage<{ name: string; consumers?: number }[]>(
        broker(),
        'GET',
        `queues/${broker().vhost}`,
      );
      return queues.some(({ name, consumers }) => name === 'service.prices' && consumers === 1);
    },
    { what: 'the queue', ...patience },
  );
  await alice.ask('price', query);
});

it('answers nowhere but to whoever asks', async () => {
  await open({ only: ['prices'] });
  const alice = await customer();
  const bob = await customer(unique('bob'));
  const taps = await Promise.all(
    ['relay.user', 'amq.topic', 'relay.app', 'relay.unread'].map((exchange) => service.tap(exchange, '#')),
  );
  await service.channel.assertQueue('victim', { exclusive: true });
  const content = { product: 'lamp', quantity: 1 };
  // Over AMQP, as if a relay had let it through: the services do not rely on that.
  for (const replyTo of [
    `/exchange/relay.user/${bob.name}.queue.replies`,
    `/exchange/relay.user/${alice.name}`,
    `/exchange/relay.user/${alice.name}.`,
    `/exchange/relay.user/${alice.name}x.queue.replies`,
    `/exchange/relay.control/${alice.name}.queue.replies`,
    `/exchange/amq.topic/${alice.name}.queue.replies`,
    '/topic/public.shop.products',
    '/queue/victim',
    'victim',
  ]) {
    const headers = { 'relay-user': alice.name };
    await publishRequest(service, 'prices.query', content, { replyTo, correlationId: 'forged', headers });
  }
  await alice.ask('price', content);
  const [own] = taps;
  // It was asked for last, so the others have been worked on.
  await waitFor(() => own?.messages.some(({ properties }) => properties.correlationId !== 'forged'), {
    what: 'the copy of the answer',
    ...patience,
  });
  const answers = taps.flatMap(({ messages }) =>
    messages.filter(({ properties }) => properties.correlationId === 'forged' && !properties.replyTo),
  );
  expect(answers.map(({ fields }) => fields.routingKey)).toEqual([]);
  expect((await service.channel.checkQueue('victim')).messageCount).toBe(0);
});

it('refuses what is no envelope, and goes on', async () => {
  const shop = await open({ only: ['prices'] });
  const alice = await customer();
  const headers = { 'correlation-id': 'broken' };
  alice.sendRaw('/app/prices.query', '{"product":', headers);
  const { envelope } = await alice.answer('broken');
  expect(envelope).toMatchObject({ businessType: 'refused', content: { status: 400 } });
  await alice.ask('price', { product: 'lamp', quantity: 1 });
  expect(shop.warnings).toEqual([]);
});

it('puts aside what it cannot work on, and does not see it again', async () => {
  const shop = await open({ only: ['prices', 'shop'] });
  const before = await dead();
  // A service that forgot to say for whom it asks, and one that does not write envelopes.
  await service.publish('relay.app', 'prices.query', 'hello');
  await service.publish('demo.events', 'product.changed', 'hello', { messageId: unique('event') });
  await service.publish('demo.events', 'product.changed', '{}', {});
  await waitFor(async () => (await dead()) === before + 3, {
    what: 'three messages that were put aside',
    ...patience,
  });
  expect(shop.warnings).toHaveLength(3);
  const alice = await customer();
  await alice.ask('price', { product: 'lamp', quantity: 1 });
});

it('believes no event that a client has sent', async () => {
  const shop = await open();
  const alice = await customer();
  const order = await alice.ask<Order>('order', { product: 'book', quantity: 1 });
  const content = { id: 'x', order: order.id, state: 'paid', took: 1 };
  const headers = { 'relay-user': alice.name };
  await publishEvent(service, 'payment.settled', content, { headers });
  // Both who listen for it put it aside.
  const aside = () => shop.warnings.filter((warning) => warning.includes('payment.settled'));
  await waitFor(() => aside().length === 2, { what: 'the event that was put aside', ...patience });
  expect(await state(alice)).toBe('placed');
  await publishEvent(service, 'payment.settled', content);
  await shipped(alice);
});

it('serves users whatever they are called', async () => {
  await open({ only: ['shop'] });
  for (const name of ['a.b*c#d', 'ünï çødé', 'a%2Fb', "o'neill+x@example.com"]) {
    const one = await customer(name);
    await one.listen(listen.orders);
    await one.ask('shop', {});
    await one.hears<Order>(listen.orders, ({ state }) => state === 'shipped');
  }
});

it('lets things happen by themselves unless it is to be quiet', async () => {
  await open({ only: ['shop'], quiet: false, speed: 40 });
  const alice = await customer();
  await alice.listen(listen.products);
  const product = await alice.hears<Product>(listen.products);
  const { products } = await alice.ask<ShopView>('shop', {});
  expect(products.map(({ id }) => id)).toContain(product.id);
});
