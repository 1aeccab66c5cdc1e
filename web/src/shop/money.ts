const euro = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

/** `1250` cents → `€12.50`. */
export const money = (cents: number): string => euro.format(cents / 100);
