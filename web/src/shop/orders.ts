import { type Order, type OrderState, orderStates } from '../../../demo/contract.js';

/** How far an order is: 0 placed … 3 shipped. */
export const stepOf = (state: OrderState): number => orderStates.indexOf(state);

/** When the order was placed, in milliseconds since the epoch; 0 when it does not say. */
const placedAt = (order: Order): number => order.history.placed ?? 0;

/**
 * Takes one order into the list, newest first. Pushes may come twice, or in another order than they were sent (the
 * mailbox is pulled while live ones arrive): an order never moves back. The same list is returned when nothing is new.
 */
export function mergeOrder(orders: readonly Order[], order: Order): readonly Order[] {
  const known = orders.find(({ id }) => id === order.id);
  if (known === undefined) return sorted([...orders, order]);
  const merged = later(known, order);
  return merged === known ? orders : orders.map((each) => (each === known ? merged : each));
}

/** A whole list that was asked for, into what pushes have already told. */
export const mergeOrders = (orders: readonly Order[], more: readonly Order[]): readonly Order[] =>
  more.reduce(mergeOrder, orders);

function later(known: Order, other: Order): Order {
  const newStates = orderStates.filter(
    (state) => known.history[state] === undefined && other.history[state] !== undefined,
  );
  const ahead = stepOf(other.state) > stepOf(known.state);
  if (!ahead && newStates.length === 0) return known;
  return { ...(ahead ? other : known), history: { ...other.history, ...known.history } };
}

function sorted(orders: readonly Order[]): readonly Order[] {
  return [...orders].sort((a, b) => placedAt(b) - placedAt(a) || (a.id < b.id ? 1 : -1));
}
