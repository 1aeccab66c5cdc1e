import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Order, orderStates } from '../../../demo/contract.js';
import { mergeOrder, mergeOrders } from '../../src/shop/orders.js';

/** An order as it is pushed at each of its steps: the history grows. */
function order(id: string, step: number, placed = 1000): Order {
  const states = orderStates.slice(0, step + 1);
  return {
    id,
    user: 'alice',
    product: 'cup',
    quantity: 1,
    total: 900,
    state: states.at(-1) ?? 'placed',
    history: Object.fromEntries(states.map((state, i) => [state, placed + i])),
  };
}

describe('the list of orders', () => {
  it('shows the newest first', () => {
    const orders = mergeOrders([], [order('A-1', 0, 1000), order('A-3', 0, 3000), order('A-2', 0, 2000)]);
    expect(orders.map(({ id }) => id)).toEqual(['A-3', 'A-2', 'A-1']);
  });

  it('never moves an order back, in whatever order and however often its pushes come', () => {
    const pushes = fc.array(fc.record({ id: fc.constantFrom('A', 'B', 'C'), step: fc.nat(3) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(pushes, (all) => {
        const orders = all.reduce(
          (list, { id, step }) => mergeOrder(list, order(id, step)),
          [] as readonly Order[],
        );
        for (const id of new Set(all.map((each) => each.id))) {
          const highest = Math.max(...all.filter((each) => each.id === id).map(({ step }) => step));
          expect(orders.filter((each) => each.id === id)).toEqual([order(id, highest)]);
        }
      }),
    );
  });

  it('is the same list after a duplicate', () => {
    const orders = mergeOrders([], [order('A', 2), order('B', 0)]);
    expect(mergeOrder(orders, order('A', 2))).toBe(orders);
    expect(mergeOrder(orders, order('A', 1))).toBe(orders);
  });

  it('takes from a late push what the history does not say yet', () => {
    const shipped: Order = { ...order('A', 3), history: { placed: 1000, shipped: 1003 } };
    const [merged] = mergeOrder([shipped], order('A', 1));
    expect(merged?.state).toBe('shipped');
    expect(merged?.history).toEqual({ placed: 1000, paid: 1001, shipped: 1003 });
  });
});
