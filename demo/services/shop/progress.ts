import { type Order, type OrderState, orderStates } from '../../contract.js';

/** What follows by itself: a placed order waits for its payment. */
const next: Readonly<Partial<Record<OrderState, OrderState>>> = { paid: 'packed', packed: 'shipped' };

export function nextState(state: OrderState): OrderState | undefined {
  return next[state];
}

/** The order in its next state, or undefined where that state does not follow from the one it is in. */
export function advanced(order: Order, to: OrderState, at: number): Order | undefined {
  if (orderStates.indexOf(to) !== orderStates.indexOf(order.state) + 1) return undefined;
  return { ...order, state: to, history: { ...order.history, [to]: at } };
}
