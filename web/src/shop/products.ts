import type { Product } from '../../../demo/contract.js';

/** What has just changed at a product, to be shown for a moment. `version` counts up, so that each one is shown. */
export interface ProductChange {
  readonly price: 'up' | 'down' | undefined;
  readonly stock: 'up' | 'down' | undefined;
  readonly version: number;
}

/** The new product in the place of the old one; one that nobody has listed yet comes last. */
export function mergeProduct(products: readonly Product[], product: Product): readonly Product[] {
  return products.some(({ id }) => id === product.id)
    ? products.map((each) => (each.id === product.id ? product : each))
    : [...products, product];
}

/** What differs between what was shown and what is; undefined when nothing does. */
export function changeOf(
  before: Product | undefined,
  after: Product,
  version: number,
): ProductChange | undefined {
  if (before === undefined) return undefined;
  const price = direction(before.price, after.price);
  const stock = direction(before.stock, after.stock);
  return price === undefined && stock === undefined ? undefined : { price, stock, version };
}

function direction(before: number, after: number): 'up' | 'down' | undefined {
  if (before === after) return undefined;
  return after > before ? 'up' : 'down';
}
