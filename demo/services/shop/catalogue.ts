import type { Product } from '../../contract.js';

/** What the shop sells, with list prices and a full shelf. */
export const catalogue: readonly Product[] = [
  {
    id: 'cup',
    name: 'Morning cup',
    description: 'Stoneware, glazed by hand, keeps warm what you forget.',
    shape: 'cup',
    price: 1850,
    stock: 40,
  },
  {
    id: 'lamp',
    name: 'Reading lamp',
    description: 'Brass arm, linen shade, light where the page is.',
    shape: 'lamp',
    price: 7900,
    stock: 14,
  },
  {
    id: 'chair',
    name: 'Window chair',
    description: 'Oiled ash and wool, for long afternoons.',
    shape: 'chair',
    price: 24900,
    stock: 9,
  },
  {
    id: 'plant',
    name: 'Patient fern',
    description: 'Forgives a week without water, and then another.',
    shape: 'plant',
    price: 2450,
    stock: 22,
  },
  {
    id: 'book',
    name: 'Blank book',
    description: '240 unlined pages, sewn, lies flat.',
    shape: 'book',
    price: 1590,
    stock: 60,
  },
  {
    id: 'clock',
    name: 'Quiet clock',
    description: 'Sweeps instead of ticking. One battery a year.',
    shape: 'clock',
    price: 5200,
    stock: 18,
  },
];
