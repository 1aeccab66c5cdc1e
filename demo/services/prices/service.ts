import type { Quote } from '../../contract.js';
import { Refused } from '../refused.js';
import type { Asked } from '../requests.js';
import type { Parts, ServiceDefinition } from '../service.js';
import { catalogue } from '../shop/catalogue.js';
import type { ProductChanged } from '../shop/service.js';
import { discountFor, MAX_QUANTITY, totalFor } from './discount.js';

const QUOTE_LIFE_MS = 60_000;

/** Answers what many would cost; knows the prices by what the shop says of them. */
export const prices: ServiceDefinition = {
  name: 'prices',
  about: 'answers price queries (request and reply)',
  schema: 'CREATE TABLE IF NOT EXISTS prices (id TEXT PRIMARY KEY, price INTEGER NOT NULL);',
  build({ database }: Parts) {
    const set = (id: string, price: number) =>
      database.run(
        'INSERT INTO prices VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET price = excluded.price',
        id,
        price,
      );
    for (const { id, price } of catalogue) {
      database.run('INSERT INTO prices VALUES (?, ?) ON CONFLICT DO NOTHING', id, price);
    }
    const quote = ({ content }: Asked): Quote => {
      const product = content.text('product', 100);
      const quantity = content.whole('quantity', 1, MAX_QUANTITY);
      const unit = database.first<{ price: number }>('SELECT price FROM prices WHERE id = ?', product)?.price;
      if (unit === undefined) throw new Refused(404, `there is no product ${product}`);
      return {
        product,
        quantity,
        unit,
        total: totalFor(unit, quantity),
        discount: discountFor(quantity),
        validUntil: Date.now() + QUOTE_LIFE_MS,
      };
    };
    return {
      requests: { 'prices.query': { answer: quote } },
      events: {
        keys: ['product.changed'],
        handle: ({ content }) => {
          const { product } = content as ProductChanged;
          set(product.id, product.price);
        },
      },
    };
  },
};
