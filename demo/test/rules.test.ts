import { describe, expect, it } from 'vitest';
import { type Order, orderStates } from '../contract.js';
import { RateLimit } from '../services/announcements/rate-limit.js';
import { newsOfLetter, newsOfOrder, newsOfPayment, newsOfProduct } from '../services/notifications/news.js';
import { DECLINED_QUANTITY, verdict } from '../services/payments/bank.js';
import { discountFor, totalFor } from '../services/prices/discount.js';
import { catalogue } from '../services/shop/catalogue.js';
import { drift } from '../services/shop/market.js';
import { advanced, nextState } from '../services/shop/progress.js';
import { answerTo } from '../services/support/answers.js';

const order: Order = {
  id: 'A-1',
  user: 'alice',
  product: 'cup',
  quantity: 2,
  total: 3700,
  state: 'placed',
  history: { placed: 1 },
};
const [cup] = catalogue;
if (cup === undefined) throw new Error('the shop is empty');

describe('discount', () => {
  it.each([
    [1, 0],
    [4, 0],
    [5, 5],
    [9, 5],
    [10, 10],
    [25, 15],
    [49, 15],
    [50, 20],
    [1000, 20],
  ])('is for %i of them %i %%', (quantity, percent) => {
    expect(discountFor(quantity)).toBe(percent);
  });

  it('is taken off the total, in whole cents', () => {
    expect(totalFor(1850, 1)).toBe(1850);
    expect(totalFor(333, 5)).toBe(1582);
    expect(totalFor(1000, 50)).toBe(40_000);
  });
});

describe('an order', () => {
  it('goes through its states one by one, and remembers when', () => {
    const paid = advanced(order, 'paid', 2);
    expect(paid).toEqual({ ...order, state: 'paid', history: { placed: 1, paid: 2 } });
    expect(paid && advanced(paid, 'packed', 3)?.history).toEqual({ placed: 1, paid: 2, packed: 3 });
  });

  it('skips no state and never goes back', () => {
    for (const [at, from] of orderStates.entries()) {
      for (const [index, to] of orderStates.entries()) {
        expect(advanced({ ...order, state: from }, to, 2) !== undefined).toBe(index === at + 1);
      }
    }
  });

  it('waits for its payment and ends when it is shipped', () => {
    expect(orderStates.map(nextState)).toEqual([undefined, 'packed', 'shipped', undefined]);
  });
});

describe('the market', () => {
  const draws = (...numbers: number[]) => {
    return () => numbers.shift() ?? 0.5;
  };

  it('moves a price around the list price, and always moves it', () => {
    for (const random of [0, 0.25, 0.5, 0.75, 0.999]) {
      const { price, stock } = drift(cup, cup, draws(0, random));
      expect(price).not.toBe(cup.price);
      expect(Math.abs(price - cup.price)).toBeLessThanOrEqual(cup.price * 0.25 + 10);
      expect(stock).toBe(cup.stock);
    }
  });

  it('sells, but not everything of much; sells the last; fills the shelf again', () => {
    for (const random of [0, 0.5, 0.999]) {
      const { stock } = drift({ ...cup, stock: 10 }, cup, draws(0.9, random));
      expect(stock).toBeGreaterThanOrEqual(7);
      expect(stock).toBeLessThan(10);
    }
    expect(drift({ ...cup, stock: 3 }, cup, draws(0.9)).stock).toBe(0);
    expect(drift({ ...cup, stock: 0 }, cup, draws(0)).stock).toBe(cup.stock);
  });
});

describe('the bank', () => {
  it('declines thirteen of anything and nothing else', () => {
    expect(
      Array.from({ length: 100 }, (_, index) => index + 1).filter((n) => verdict(n) === 'declined'),
    ).toEqual([DECLINED_QUANTITY]);
  });
});

describe('news', () => {
  it('of an order is that it moved, not that it was placed', () => {
    expect(orderStates.map((state) => newsOfOrder({ ...order, state })?.title)).toEqual([
      undefined,
      'Order A-1 paid',
      'Order A-1 packed',
      'Order A-1 shipped',
    ]);
  });

  it('of a payment is that it was declined', () => {
    const payment = { id: 'p', order: 'A-1', took: 1 };
    expect(newsOfPayment({ ...payment, state: 'paid' })).toBeUndefined();
    expect(newsOfPayment({ ...payment, state: 'declined' })?.about).toEqual({ type: 'order', id: 'A-1' });
  });

  it('of a product is that it is cheaper or there again', () => {
    const was = { price: cup.price, stock: cup.stock };
    const titles = [
      { product: cup },
      { product: cup, was },
      { product: { ...cup, price: cup.price + 1 }, was },
      { product: { ...cup, stock: 0 }, was },
      { product: { ...cup, price: cup.price - 1 }, was },
      { product: cup, was: { ...was, stock: 0 } },
      { product: { ...cup, stock: 0 }, was: { ...was, stock: 0 } },
    ].map((change) => newsOfProduct(change)?.title);
    expect(titles).toEqual([
      ...[undefined, undefined, undefined, undefined],
      'Morning cup is cheaper',
      'Morning cup is back',
      undefined,
    ]);
  });

  it('of a letter shows its beginning', () => {
    expect(newsOfLetter('bob', 'hello')).toMatchObject({
      title: 'bob wrote to you',
      text: 'hello',
      from: 'bob',
    });
    const { text } = newsOfLetter('bob', 'x'.repeat(500));
    expect(text).toHaveLength(140);
    expect(text.endsWith('…')).toBe(true);
  });
});

describe('the rate of announcements', () => {
  it('is one in so many milliseconds for each user', () => {
    const limit = new RateLimit(2000);
    expect(limit.take('alice', undefined, 0)).toBe(true);
    expect(limit.take('alice', undefined, 1999)).toBe(false);
    expect(limit.take('bob', undefined, 1999)).toBe(true);
    expect(limit.take('alice', undefined, 2000)).toBe(true);
  });

  it('lets the same request come again, and another not', () => {
    const limit = new RateLimit(2000);
    expect(limit.take('alice', 'one', 0)).toBe(true);
    expect(limit.take('alice', 'one', 10)).toBe(true);
    expect(limit.take('alice', 'two', 20)).toBe(false);
  });

  it('remembers so many users and no more', () => {
    const limit = new RateLimit(2000);
    for (let index = 0; index <= 10_000; index += 1) limit.take(`user-${index}`, undefined, 0);
    expect(limit.take('user-0', undefined, 1)).toBe(true);
    expect(limit.take('user-10000', undefined, 1)).toBe(false);
  });
});

describe('the shop’s answers', () => {
  it('fit what was asked', () => {
    expect(answerTo('Where is my ORDER?')).toContain('paid to shipped');
    expect(answerTo('how much is it')).toContain('5 %');
    expect(answerTo('hello')).toContain('Hello');
    expect(answerTo('qwertz')).toContain('small program');
  });
});
