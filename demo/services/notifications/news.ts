import type { Kind, Notice, Order, Payment, Product } from '../../contract.js';
import { catalogue } from '../shop/catalogue.js';
import type { ProductChanged } from '../shop/service.js';

/** What an event has to say to people, before it is known to whom. */
export type News = Pick<Notice, 'title' | 'text' | 'from' | 'about'> & { readonly kind: Kind };

/** How much of a letter stands in its notice. */
const EXCERPT = 140;

const orderNews: Readonly<Partial<Record<Order['state'], string>>> = {
  paid: 'has been paid for. It will be packed next.',
  packed: 'is packed and waits for the van.',
  shipped: 'is on its way to you.',
};

/** What a customer did (`placed`) is no news to them. */
export function newsOfOrder(order: Order): News | undefined {
  const text = orderNews[order.state];
  if (text === undefined) return undefined;
  return {
    kind: 'reminder',
    title: `Order ${order.id} ${order.state}`,
    text: `${order.quantity} × ${nameOf(order.product)} ${text}`,
    about: { type: 'order', id: order.id },
  };
}

export function newsOfPayment({ order, state }: Payment): News | undefined {
  if (state === 'paid') return undefined;
  return {
    kind: 'reminder',
    title: 'Payment declined',
    text: `The bank has declined the payment for order ${order}.`,
    about: { type: 'order', id: order },
  };
}

/** For those who follow the product: cheaper, or there again. */
export function newsOfProduct({ product, was }: ProductChanged): News | undefined {
  if (was === undefined) return undefined;
  const about = { type: 'product', id: product.id } as const;
  if (was.stock === 0 && product.stock > 0) {
    const text = `${product.stock} are on the shelf, ${money(product.price)} each.`;
    return { kind: 'reminder', title: `${product.name} is back`, text, about };
  }
  if (product.price < was.price) {
    const text = `Now ${money(product.price)} instead of ${money(was.price)}.`;
    return { kind: 'reminder', title: `${product.name} is cheaper`, text, about };
  }
  return undefined;
}

export function newsOfLetter(from: string, text: string): News {
  return {
    kind: 'mailbox',
    title: `${from} wrote to you`,
    text: text.length > EXCERPT ? `${text.slice(0, EXCERPT - 1).trimEnd()}…` : text,
    from,
    about: { type: 'person', id: from },
  };
}

export function isProduct(id: string): boolean {
  return catalogue.some((product) => product.id === id);
}

function nameOf(product: Product['id']): string {
  return catalogue.find(({ id }) => id === product)?.name ?? product;
}

function money(cents: number): string {
  return `€${(cents / 100).toFixed(2)}`;
}
