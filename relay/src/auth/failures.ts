import { LimitError, RelayError } from '../errors.js';
import { addressGroup } from '../util/address-group.js';
import { RateByKey, type RateOptions } from '../util/rate-by-key.js';

const LIMIT = 'RELAY_MAX_AUTH_FAILURES';

export interface FailureOptions extends RateOptions {
  /** RELAY_MAX_AUTH_FAILURES: refusals of one address in a minute before it is told to wait. */
  readonly most: number;
  /** Is told the name of the setting whenever an address is over it. */
  onLimit(limit: string): void;
}

/**
 * Counts refused sign-ins by address. Over the limit a refusal says "wait" instead of what is wrong, and is not worth a
 * line in the log any more. Good tokens are checked and let in all the same: a thousand users behind one NAT, or
 * behind a proxy that nobody has named, must not be locked out by one page that goes on showing a dead token.
 */
export class Failures {
  private readonly rates: RateByKey;

  constructor(private readonly options: FailureOptions) {
    const { most } = options;
    this.rates = new RateByKey(most / 60, most, options);
  }

  /** Counts a refusal, and says what to answer: the same error, or a LimitError ERR_TOO_MANY_FAILURES. */
  count(error: unknown, address: string): unknown {
    // What is our own fault, or the identity provider's, says nothing about who asks.
    const refused = error instanceof RelayError && error.closure !== 'internal';
    if (!refused || error.closure === 'brokerUnavailable') return error;
    const wait = this.rates.take(addressGroup(address));
    if (wait === 0) return error;
    this.options.onLimit(LIMIT);
    const seconds = Math.ceil(wait);
    return new LimitError(
      'ERR_TOO_MANY_FAILURES',
      `too many refused tokens or tickets from this address: get a good one, and try again in ${seconds} s`,
      LIMIT,
      seconds,
    );
  }
}
