import type { Action } from '../../../src/destination.js';
import { ROWS } from './destinations.js';
import { IDENTITIES, type MatrixIdentity } from './identities.js';

/** One cell of the matrix. */
export interface Expectation {
  readonly identity: MatrixIdentity;
  readonly action: Action;
  readonly destination: string;
  readonly allowed: boolean;
}

/** Every cell, read from the table. @throws Error when a row has not one letter for each identity */
export function expectations(): Expectation[] {
  return ROWS.flatMap((row) =>
    (['subscribe', 'send'] as const).flatMap((action) => {
      const letters = row[action].replaceAll(' ', '');
      if (!/^[yn]+$/.test(letters) || letters.length !== IDENTITIES.length) {
        throw new Error(`${JSON.stringify(row.destination)}, ${action}: one y or n for each identity`);
      }
      return IDENTITIES.map((identity, i) => ({
        identity,
        action,
        destination: row.destination,
        allowed: letters[i] === 'y',
      }));
    }),
  );
}
