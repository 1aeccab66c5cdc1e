import { signal } from '@preact/signals';
import {
  type Accepted,
  ask as at,
  listen,
  type Order,
  type Payment,
  type Product,
  type Quote,
  type ShopView,
} from '../../../demo/contract.js';
import { ask, explain, keepLoaded, listenTo, session, whileSignedIn } from '../session/index.js';
import { isOrder, isPayment, isProduct } from './accept.js';
import { mergeOrder, mergeOrders } from './orders.js';
import { accepted, type Paying, settled } from './payments.js';
import { changeOf, mergeProduct, type ProductChange } from './products.js';
import type { Quoting } from './quotes.js';

/** What became of pressing "Order" at a product. */
export type Ordering =
  | { readonly phase: 'placing' }
  | { readonly phase: 'placed'; readonly order: string }
  | { readonly phase: 'refused'; readonly message: string };

type ById<T> = ReadonlyMap<string, T>;

export const products = signal<readonly Product[]>([]);
/** The user's own, newest first. */
export const orders = signal<readonly Order[]>([]);
/** The last change of each product. */
export const changes = signal<ById<ProductChange>>(new Map());
/** By product. */
export const quotings = signal<ById<Quoting>>(new Map());
/** By product. */
export const orderings = signal<ById<Ordering>>(new Map());
/** By order. */
export const payings = signal<ById<Paying>>(new Map());

whileSignedIn(() => {
  const stops = [
    listenTo(listen.orders, hearOrder, { accept: isOrder }),
    listenTo(listen.payments, hearPayment, { accept: isPayment }),
    listenTo(listen.products, hearProduct, { accept: isProduct }),
  ];
  return () => {
    for (const stop of stops) stop();
    products.value = [];
    orders.value = [];
    changes.value = new Map();
    quotings.value = new Map();
    orderings.value = new Map();
    payings.value = new Map();
  };
});

/** Products and orders, fetched after every connect. */
export const shop = keepLoaded(async (current) => {
  const view = await ask<ShopView>(at.shop, {});
  if (!current()) return;
  products.value = view.products.filter(isProduct);
  orders.value = mergeOrders(orders.value, view.orders.filter(isOrder));
});

/** Request and reply: what would so many cost? */
export async function askPrice(product: string, quantity: number): Promise<void> {
  const late = tellLate();
  put(quotings, product, { phase: 'asking', quantity });
  const begun = performance.now();
  try {
    const quote = await ask<Quote>(at.price, { product, quantity });
    if (!late()) put(quotings, product, { phase: 'quoted', quote, took: performance.now() - begun });
  } catch (error) {
    if (!late()) put(quotings, product, { phase: 'refused', message: explain(error) });
  }
}

export async function placeOrder(product: string, quantity: number): Promise<void> {
  const late = tellLate();
  put(orderings, product, { phase: 'placing' });
  try {
    const order = await ask<Order>(at.order, { product, quantity });
    if (late()) return;
    if (isOrder(order)) orders.value = mergeOrder(orders.value, order);
    put(orderings, product, { phase: 'placed', order: order.id });
  } catch (error) {
    if (!late()) put(orderings, product, { phase: 'refused', message: explain(error) });
  }
}

/** A slow thing: accepted at once, its result is pushed when the bank has called back. */
export async function pay(order: string): Promise<void> {
  const late = tellLate();
  put(payings, order, { phase: 'asking' });
  try {
    const { payment } = await ask<Accepted>(at.pay, { order });
    if (!late()) put(payings, order, accepted(payings.value.get(order), payment, Date.now()));
  } catch (error) {
    // The result may have been pushed although the 202 was lost on its way.
    if (!late() && payings.value.get(order)?.phase === 'asking') {
      put(payings, order, { phase: 'refused', message: explain(error) });
    }
  }
}

/** Whether the person who asked has signed out since: the answer is not for whoever came then. */
function tellLate(): () => boolean {
  const mine = session.peek();
  return () => session.peek() !== mine;
}

function hearOrder(order: Order): void {
  orders.value = mergeOrder(orders.value, order);
}

function hearPayment(payment: Payment): void {
  put(payings, payment.order, settled(payings.value.get(payment.order), payment));
}

let version = 0;

function hearProduct(product: Product): void {
  const before = products.value.find(({ id }) => id === product.id);
  version += 1;
  const change = changeOf(before, product, version);
  products.value = mergeProduct(products.value, product);
  if (change !== undefined) put(changes, product.id, change);
}

function put<T>(into: { value: ById<T> }, id: string, value: T): void {
  into.value = new Map([...into.value, [id, value]]);
}
