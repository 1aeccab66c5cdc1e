import { LimitError } from '../errors.js';
import { RateByKey, type RateOptions } from '../util/rate-by-key.js';
import type { Authenticator } from './authenticate.js';

const LIMIT = 'RELAY_HTTP_RATE';

export interface RequestRate extends RateOptions {
  /** RELAY_HTTP_RATE: requests per second of one user; twice as many at once. */
  readonly rate: number;
  /** Is told the name of the setting whenever it refuses somebody. */
  onLimit(limit: string): void;
}

/**
 * Counts the requests of every user whom `authenticate` lets in, over all addresses that they come from.
 * What it returns rejects with a LimitError ERR_TOO_MANY_REQUESTS when there are too many.
 */
export function limitRequests(authenticate: Authenticator, options: RequestRate): Authenticator {
  const { rate, onLimit } = options;
  const rates = new RateByKey(rate, 2 * rate, options);
  return async (request) => {
    const identity = await authenticate(request);
    const wait = rates.take(identity.userWord);
    if (wait === 0) return identity;
    onLimit(LIMIT);
    const seconds = Math.ceil(wait);
    const message = `more than ${rate} requests a second: try again in ${seconds} s`;
    throw new LimitError('ERR_TOO_MANY_REQUESTS', message, LIMIT, seconds);
  };
}
