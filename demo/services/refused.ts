import type { Refusal } from '../contract.js';

/** A request that cannot be done; whoever asked is told why. */
export class Refused extends Error {
  override readonly name = 'Refused';

  constructor(
    readonly status: Refusal['status'],
    message: string,
  ) {
    super(message);
  }

  get refusal(): Refusal {
    return { status: this.status, message: this.message };
  }
}
