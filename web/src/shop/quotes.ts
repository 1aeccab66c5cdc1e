import type { Quote } from '../../../demo/contract.js';

/** What became of asking for a price of one product. */
export type Quoting =
  | { readonly phase: 'asking'; readonly quantity: number }
  /** `took`: the round trip in milliseconds. */
  | { readonly phase: 'quoted'; readonly quote: Quote; readonly took: number }
  | { readonly phase: 'refused'; readonly message: string };

/** Whole seconds that a quote is still good for; 0 when it has ended. */
export function secondsLeft(quote: Quote, now: number): number {
  return Math.max(0, Math.ceil((quote.validUntil - now) / 1000));
}

/** A quote is for one quantity; for another it is none. */
export function appliesTo(quoting: Quoting | undefined, quantity: number): boolean {
  if (quoting === undefined) return false;
  if (quoting.phase === 'quoted') return quoting.quote.quantity === quantity;
  return quoting.phase === 'refused' || quoting.quantity === quantity;
}

/** A quantity as somebody typed it: whole, 1 to 99; undefined when it is none. */
export function parseQuantity(text: string): number | undefined {
  if (!/^\d{1,2}$/.test(text.trim())) return undefined;
  const quantity = Number(text);
  return quantity >= 1 ? quantity : undefined;
}
