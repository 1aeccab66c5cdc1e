import type { Order, Product } from '../../contract.js';
import type { Database } from '../database.js';
import { catalogue } from './catalogue.js';
import { nextState } from './progress.js';

export const SHOP_SCHEMA = `
CREATE TABLE IF NOT EXISTS products (id TEXT PRIMARY KEY, price INTEGER NOT NULL, stock INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, user TEXT NOT NULL, state TEXT, content TEXT);
CREATE INDEX IF NOT EXISTS orders_of_user ON orders (user, seq);
`;

/** Orders of one user that are kept. */
export const ORDERS_KEPT = 50;
const FIRST_NUMBER = 1000;

/** The shelves and the order book. */
export class ShopStore {
  constructor(private readonly database: Database) {
    for (const { id, price, stock } of catalogue) {
      database.run('INSERT INTO products VALUES (?, ?, ?) ON CONFLICT DO NOTHING', id, price, stock);
    }
  }

  products(): Product[] {
    return catalogue.map((listed) => this.product(listed.id) ?? listed);
  }

  product(id: string): Product | undefined {
    const listed = catalogue.find((one) => one.id === id);
    const row = this.database.first<Pick<Product, 'price' | 'stock'>>(
      'SELECT price, stock FROM products WHERE id = ?',
      id,
    );
    return listed && row && { ...listed, price: row.price, stock: row.stock };
  }

  setProduct({ id, price, stock }: Product): void {
    this.database.run('UPDATE products SET price = ?, stock = ? WHERE id = ?', price, stock, id);
  }

  /** Gives the order its number. */
  addOrder(order: Omit<Order, 'id'>): Order {
    const row = this.database.first<{ seq: number }>(
      'INSERT INTO orders (user) VALUES (?) RETURNING seq',
      order.user,
    );
    if (row === undefined) throw new Error('the order was not written');
    const numbered: Order = { id: `A-${FIRST_NUMBER + row.seq}`, ...order };
    this.database.run('UPDATE orders SET id = ? WHERE seq = ?', numbered.id, row.seq);
    this.setOrder(numbered);
    this.database.run(
      'DELETE FROM orders WHERE user = ? AND seq NOT IN (SELECT seq FROM orders WHERE user = ? ORDER BY seq DESC LIMIT ?)',
      order.user,
      order.user,
      ORDERS_KEPT,
    );
    return numbered;
  }

  setOrder(order: Order): void {
    this.database.run(
      'UPDATE orders SET state = ?, content = ? WHERE id = ?',
      order.state,
      JSON.stringify(order),
      order.id,
    );
  }

  order(id: string): Order | undefined {
    return this.read('SELECT content FROM orders WHERE id = ?', id)[0];
  }

  /** Newest first. */
  ordersOf(user: string): Order[] {
    return this.read('SELECT content FROM orders WHERE user = ? ORDER BY seq DESC', user);
  }

  /** Orders that go on by themselves. */
  moving(): Order[] {
    const orders = this.read(
      'SELECT content FROM orders WHERE state IN (?, ?) ORDER BY seq',
      'paid',
      'packed',
    );
    return orders.filter(({ state }) => nextState(state) !== undefined);
  }

  private read(sql: string, ...values: string[]): Order[] {
    return this.database
      .all<{ content: string }>(sql, ...values)
      .map(({ content }): Order => JSON.parse(content));
  }
}
