import type { Payment } from '../../contract.js';

/** The bank is superstitious: so that a declined payment can be seen whenever somebody wants to. */
export const DECLINED_QUANTITY = 13;

/** How long the bank takes before it calls back, in milliseconds. */
export const BANK_MS = [2000, 4000] as const;

/** What the bank says in the end. */
export function verdict(quantity: number): Payment['state'] {
  return quantity === DECLINED_QUANTITY ? 'declined' : 'paid';
}
