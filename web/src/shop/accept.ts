import { type Order, orderStates, type Payment, type Product } from '../../../demo/contract.js';

/** Whether what a service said can be shown: a page that is older than its service must not break on it. */
export function isProduct(content: unknown): content is Product {
  const { id, name, price, stock } = fields(content);
  return typeof id === 'string' && typeof name === 'string' && whole(price) && whole(stock);
}

export function isOrder(content: unknown): content is Order {
  const { id, product, quantity, total, state, history } = fields(content);
  return (
    typeof id === 'string' &&
    typeof product === 'string' &&
    whole(quantity) &&
    whole(total) &&
    orderStates.some((each) => each === state) &&
    typeof history === 'object' &&
    history !== null
  );
}

export function isPayment(content: unknown): content is Payment {
  const { id, order, state, took } = fields(content);
  return (
    typeof id === 'string' &&
    typeof order === 'string' &&
    (state === 'paid' || state === 'declined') &&
    typeof took === 'number'
  );
}

function fields(content: unknown): Record<string, unknown> {
  return typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {};
}

const whole = (value: unknown): value is number => Number.isSafeInteger(value);
