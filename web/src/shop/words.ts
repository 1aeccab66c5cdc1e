import type { OrderState } from '../../../demo/contract.js';

export const stateNames: Readonly<Record<OrderState, string>> = {
  placed: 'Placed',
  paid: 'Paid',
  packed: 'Packed',
  shipped: 'Shipped',
};

/** What is in stock, in words; `tone` is that of a tag. */
export function stockWords(stock: number): {
  readonly text: string;
  readonly tone: 'good' | 'warn' | 'bad';
} {
  if (stock <= 0) return { text: 'Sold out', tone: 'bad' };
  return stock <= 5
    ? { text: `Only ${stock} left`, tone: 'warn' }
    : { text: `${stock} in stock`, tone: 'good' };
}
