import { describe, expect, it } from 'vitest';
import { money } from '../../src/shop/money.js';
import { changeOf, mergeProduct } from '../../src/shop/products.js';
import { appliesTo, parseQuantity, secondsLeft } from '../../src/shop/quotes.js';
import { stockWords } from '../../src/shop/words.js';
import { duration } from '../../src/ui/duration.js';

const quote = { product: 'cup', quantity: 5, unit: 90, total: 450, discount: 10, validUntil: 60_000 };

describe('a quote', () => {
  it('counts down to its end and no further', () => {
    expect(secondsLeft(quote, 30_000)).toBe(30);
    expect(secondsLeft(quote, 59_001)).toBe(1);
    expect(secondsLeft(quote, 60_000)).toBe(0);
    expect(secondsLeft(quote, 90_000)).toBe(0);
  });

  it('is for the quantity that was asked for', () => {
    expect(appliesTo({ phase: 'quoted', quote, took: 3 }, 5)).toBe(true);
    expect(appliesTo({ phase: 'quoted', quote, took: 3 }, 6)).toBe(false);
    expect(appliesTo({ phase: 'asking', quantity: 5 }, 6)).toBe(false);
    expect(appliesTo(undefined, 5)).toBe(false);
  });
});

describe('a typed quantity', () => {
  it.each([
    ['1', 1],
    [' 12 ', 12],
    ['99', 99],
    ['0', undefined],
    ['100', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e1', undefined],
    ['', undefined],
    ['two', undefined],
  ])('%j is %j', (text, quantity) => {
    expect(parseQuantity(text)).toBe(quantity);
  });
});

describe('a product', () => {
  const cup = { id: 'cup', name: 'Cup', description: '', shape: 'cup', price: 900, stock: 4 } as const;
  it('changes in its place', () => {
    const lamp = { ...cup, id: 'lamp' };
    expect(mergeProduct([cup, lamp], { ...cup, price: 800 })).toEqual([{ ...cup, price: 800 }, lamp]);
    expect(mergeProduct([cup], lamp)).toEqual([cup, lamp]);
  });

  it('says what has changed, and nothing when nothing has', () => {
    expect(changeOf(cup, { ...cup, price: 800, stock: 5 }, 7)).toEqual({
      price: 'down',
      stock: 'up',
      version: 7,
    });
    expect(changeOf(cup, { ...cup, price: 901 }, 8)).toEqual({ price: 'up', stock: undefined, version: 8 });
    expect(changeOf(cup, { ...cup }, 9)).toBeUndefined();
    expect(changeOf(undefined, cup, 9)).toBeUndefined();
  });
});

it('writes money, stock and durations', () => {
  expect(money(1250)).toBe('€12.50');
  expect(money(123_456)).toBe('€1,234.56');
  expect([0, 1, 6].map((stock) => stockWords(stock).text)).toEqual(['Sold out', 'Only 1 left', '6 in stock']);
  expect([834, 2345, 59_960, 75_400].map(duration)).toEqual(['834 ms', '2.3 s', '1 min 0 s', '1 min 15 s']);
});
