import type { Order, OrderState, Payment, Product, ShopView } from '../../contract.js';
import { broadcast, event, push } from '../messages.js';
import { MAX_QUANTITY, totalFor } from '../prices/discount.js';
import { Refused } from '../refused.js';
import type { Asked, Routes } from '../requests.js';
import type { Behaviour, Parts, ServiceDefinition } from '../service.js';
import { catalogue } from './catalogue.js';
import { drift } from './market.js';
import { advanced, nextState } from './progress.js';
import { SHOP_SCHEMA, ShopStore } from './store.js';

const STEP_MS = [3000, 6000] as const;
const MARKET_MS = [15_000, 20_000] as const;
/** Orders that wait for their payment take from the shelf. */
const MAX_UNPAID = 20;
const FIRST_PRODUCT = 'cup';

/** What `product.changed` says; without `was` nothing has changed, it is said for those who missed it. */
export interface ProductChanged {
  readonly product: Product;
  readonly was?: Pick<Product, 'price' | 'stock'>;
}

export const shop: ServiceDefinition = {
  name: 'shop',
  about: 'products whose prices move, orders that go from paid to shipped',
  schema: SHOP_SCHEMA,
  build: (parts) => new Shop(parts).behaviour(),
};

class Shop {
  private readonly store: ShopStore;

  constructor(private readonly parts: Parts) {
    this.store = new ShopStore(parts.database);
  }

  behaviour(): Behaviour {
    return {
      requests: this.routes(),
      events: {
        keys: ['payment.settled'],
        handle: ({ content }) => this.settle(content as Payment),
      },
      begin: () => {
        for (const product of this.store.products()) this.tell({ product });
        for (const order of this.store.moving()) this.goOn(order);
        this.parts.schedule.every(MARKET_MS, () => this.moveMarket());
      },
    };
  }

  private routes(): Routes {
    return {
      'shop.open': { answer: ({ user }) => this.open(user) },
      'orders.place': { answer: (asked) => this.place(asked), once: true },
    };
  }

  private open(user: string): ShopView {
    if (this.store.ordersOf(user).length === 0) this.welcome(user);
    return { products: this.store.products(), orders: this.store.ordersOf(user) };
  }

  /** Something to watch for who is here for the first time. */
  private welcome(user: string): void {
    const product = this.store.product(FIRST_PRODUCT);
    if (product === undefined) return;
    const order = this.add(user, product, 1);
    this.move(order, 'paid');
  }

  private place({ user, content }: Asked): Order {
    const id = content.text('product', 100);
    const quantity = content.whole('quantity', 1, MAX_QUANTITY);
    const product = this.store.product(id);
    if (product === undefined) throw new Refused(404, `there is no product ${id}`);
    if (product.stock < quantity) {
      throw new Refused(409, product.stock === 0 ? 'it is sold out' : `only ${product.stock} are left`);
    }
    const unpaid = this.store.ordersOf(user).filter(({ state }) => state === 'placed');
    if (unpaid.length >= MAX_UNPAID) throw new Refused(409, 'pay for your other orders first');
    this.change(product, { ...product, stock: product.stock - quantity });
    return this.add(user, product, quantity);
  }

  private add(user: string, product: Product, quantity: number): Order {
    const total = totalFor(product.price, quantity);
    const history = { placed: Date.now() };
    const order = this.store.addOrder({
      user,
      product: product.id,
      quantity,
      total,
      state: 'placed',
      history,
    });
    this.report(order);
    return order;
  }

  private settle(payment: Payment): void {
    const order = this.store.order(payment.order);
    if (order !== undefined && payment.state === 'paid') this.move(order, 'paid');
  }

  /** Does nothing when the order is in that state already, or beyond it. */
  private move(order: Order, to: OrderState): void {
    const moved = advanced(order, to, Date.now());
    if (moved === undefined) return;
    this.store.setOrder(moved);
    this.report(moved);
    this.goOn(moved);
  }

  private goOn({ id, state }: Order): void {
    const to = nextState(state);
    if (to === undefined) return;
    this.parts.schedule.after(STEP_MS, () => {
      this.parts.database.transaction(() => {
        const order = this.store.order(id);
        if (order !== undefined) this.move(order, to);
      });
      this.parts.outbox.flush();
    });
  }

  private report(order: Order): void {
    const what = `order.${order.state}`;
    const said = { from: 'shop', what, content: order };
    this.parts.outbox.put(push(order.user, 'orders', 'event', said), event(said));
  }

  private moveMarket(): void {
    const products = this.store.products();
    // A shop that nobody fills would have nothing left to show after ten minutes.
    const soldOut = products.find(({ stock }) => stock === 0);
    const product = soldOut ?? products[Math.floor(Math.random() * products.length)];
    const listed = catalogue.find(({ id }) => id === product?.id);
    if (product === undefined || listed === undefined) return;
    this.parts.database.transaction(() => this.change(product, drift(product, listed, Math.random)));
    this.parts.outbox.flush();
  }

  private change(product: Product, changed: Product): void {
    this.store.setProduct(changed);
    this.tell({ product: changed, was: { price: product.price, stock: product.stock } });
    const said = { from: 'shop', what: 'product.changed', content: changed };
    this.parts.outbox.put(broadcast('public.shop.products', 'event', said));
  }

  private tell(content: ProductChanged): void {
    this.parts.outbox.put(event({ from: 'shop', what: 'product.changed', content }));
  }
}
