import type { Product } from '../../contract.js';

const CENTS = 10;
/** How far a price may go from the list price. */
const SWING = 0.25;
const PRICE_SHARE = 0.65;
/** Sold at a time: the last so many go together. */
const FEW = 3;

/**
 * What the market does to a product: its price goes up or down around the list price, or some of it is sold, or it
 * is there again.
 * @param listed as in the catalogue
 * @param random from 0 to 1, like Math.random
 */
export function drift(product: Product, listed: Product, random: () => number): Product {
  if (product.stock === 0) return { ...product, stock: listed.stock };
  if (random() < PRICE_SHARE) return { ...product, price: priceNear(listed.price, product.price, random) };
  if (product.stock <= FEW) return { ...product, stock: 0 };
  return { ...product, stock: product.stock - 1 - Math.floor(random() * FEW) };
}

function priceNear(listed: number, now: number, random: () => number): number {
  const price = Math.round((listed * (1 - SWING + 2 * SWING * random())) / CENTS) * CENTS;
  return price === now ? price + CENTS : price;
}
