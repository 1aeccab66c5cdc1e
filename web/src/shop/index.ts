import { computed } from '@preact/signals';
import type { Area } from '../app/index.js';
import { mayPay } from './payments.js';
import { ShopPage } from './ShopPage.js';
import { orders, payings } from './store.js';

/** Orders that wait for the user: to be paid. */
const toPay = computed(
  () => orders.value.filter(({ id, state }) => state === 'placed' && mayPay(payings.value.get(id))).length,
);

export const shopArea: Area = { id: 'shop', label: 'Shop', icon: 'bag', Page: ShopPage, badge: toPay };
