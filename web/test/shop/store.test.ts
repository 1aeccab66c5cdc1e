import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, listen, type Order, type Product } from '../../../demo/contract.js';
import {
  askPrice,
  changes,
  orderings,
  orders,
  pay,
  payings,
  placeOrder,
  products,
  quotings,
} from '../../src/shop/store.js';
import * as session from '../support/session.js';

vi.mock('../../src/session/index.js', () => import('../support/session.js'));

const cup: Product = { id: 'cup', name: 'Cup', description: '', shape: 'cup', price: 900, stock: 5 };
const order = (id: string, state: Order['state'] = 'placed'): Order => ({
  id,
  user: 'alice',
  product: 'cup',
  quantity: 1,
  total: 900,
  state,
  history: { placed: 1 },
});

beforeEach(async () => {
  session.signIn('alice');
  // Pushed before the answer to what was asked at sign-in: it must not be undone by that.
  session.push(listen.orders, order('A', 'packed'));
  await session.question(ask.shop).answer({ products: [cup, { id: 7 }], orders: [order('A', 'paid')] });
});
afterEach(() => {
  session.signOut();
  session.questions.length = 0;
});

describe('the shop', () => {
  it('shows what fits, and what was pushed in the meantime', () => {
    expect(products.value).toEqual([cup]);
    expect(orders.value.map(({ id, state }) => [id, state])).toEqual([['A', 'packed']]);
  });

  it('shows what has changed at a product, each time anew', () => {
    session.push(listen.products, { ...cup, price: 800 });
    const first = changes.value.get('cup');
    session.push(listen.products, { ...cup, price: 700 });
    expect(products.value[0]?.price).toBe(700);
    expect(first?.price).toBe('down');
    expect(changes.value.get('cup')?.version).not.toBe(first?.version);
    session.push(listen.products, { ...cup, price: 'free' });
    expect(products.value[0]?.price).toBe(700);
  });

  it('asks for a price', async () => {
    const quote = { product: 'cup', quantity: 5, unit: 900, total: 4275, discount: 5, validUntil: 1 };
    void askPrice('cup', 5);
    expect(quotings.value.get('cup')).toEqual({ phase: 'asking', quantity: 5 });
    const asked = session.question(ask.price);
    expect(asked.content).toEqual({ product: 'cup', quantity: 5 });
    await asked.answer(quote);
    expect(quotings.value.get('cup')).toMatchObject({ phase: 'quoted', quote });
  });

  it('orders, and shows why not', async () => {
    void placeOrder('cup', 2);
    await session.question(ask.order).answer(order('B'));
    expect(orders.value.map(({ id }) => id)).toContain('B');
    void placeOrder('cup', 99);
    await session.question(ask.order).fail('not so many');
    expect(orderings.value.get('cup')).toEqual({ phase: 'refused', message: 'not so many' });
  });
});

describe('paying', () => {
  const payment = { id: 'p', order: 'B', state: 'paid', took: 2000 } as const;

  it('is accepted at once and settled by the push', async () => {
    void pay('B');
    expect(payings.value.get('B')?.phase).toBe('asking');
    await session.question(ask.pay).answer({ status: 202, payment: 'p' });
    expect(payings.value.get('B')?.phase).toBe('accepted');
    session.push(listen.payments, payment);
    expect(payings.value.get('B')).toEqual({ phase: 'paid', payment: 'p', took: 2000 });
  });

  it('is settled also when the answer was lost', async () => {
    void pay('B');
    session.push(listen.payments, payment);
    await session.question(ask.pay).fail('no answer');
    expect(payings.value.get('B')?.phase).toBe('paid');
  });

  it('shows why it was refused', async () => {
    void pay('B');
    await session.question(ask.pay).fail('paid already');
    expect(payings.value.get('B')).toEqual({ phase: 'refused', message: 'paid already' });
  });
});

it('leaves nothing for whoever signs in next, also not by an answer that comes late', async () => {
  void askPrice('cup', 5);
  void placeOrder('cup', 1);
  void pay('A');
  const asked = [ask.price, ask.order, ask.pay].map(session.question);
  session.signOut();
  expect(session.subscribed()).toEqual([]);
  session.signIn('mallory');
  await asked[0]?.fail('closed');
  await asked[1]?.answer(order('B'));
  await asked[2]?.answer({ status: 202, payment: 'p' });
  for (const each of [quotings, orderings, payings, changes]) expect(each.value.size).toBe(0);
  expect(orders.value).toEqual([]);
  expect(products.value).toEqual([]);
});
