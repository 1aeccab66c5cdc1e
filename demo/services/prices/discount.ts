/** From how many on how many percent are taken off. */
const steps = [
  { from: 50, percent: 20 },
  { from: 25, percent: 15 },
  { from: 10, percent: 10 },
  { from: 5, percent: 5 },
] as const;

export const MAX_QUANTITY = 1000;

/** Percent off for so many. */
export function discountFor(quantity: number): number {
  return steps.find(({ from }) => quantity >= from)?.percent ?? 0;
}

/** Cents for all of them. @param unit cents for one, before the discount */
export function totalFor(unit: number, quantity: number): number {
  return Math.round((unit * quantity * (100 - discountFor(quantity))) / 100);
}
