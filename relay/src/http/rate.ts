import type { Request } from 'express';
import type { Identity } from '../auth/identity.js';
import { LimitError } from '../errors.js';
import { RateByKey, type RateOptions } from '../util/rate-by-key.js';
import type { Authenticator } from './authenticate.js';

const LIMIT = 'RELAY_HTTP_RATE';

export interface RequestRate extends RateOptions {
  /** RELAY_HTTP_RATE: requests per second of one user; twice as many at once. */
  readonly rate: number;
  /** RELAY_MAX_BODY_BYTES. A larger body, where one is taken, counts as one request for each of these. */
  readonly unit: number;
  /** Is told the name of the setting whenever it refuses somebody. */
  onLimit(limit: string): void;
}

/**
 * Counts the requests of every user whom `authenticate` lets in, over all addresses that they come from.
 * What it returns rejects with a LimitError ERR_TOO_MANY_REQUESTS when there are too many.
 */
export function limitRequests(
  authenticate: Authenticator,
  options: RequestRate,
): (request: Request, maxBody?: number) => Promise<Identity> {
  const { rate, unit, onLimit } = options;
  const rates = new RateByKey(rate, 2 * rate, options);
  return async (request, maxBody = unit) => {
    const identity = await authenticate(request);
    const wait = rates.take(identity.userWord, Math.max(1, Math.ceil(announced(request, maxBody) / unit)));
    if (wait === 0) return identity;
    onLimit(LIMIT);
    const seconds = Math.ceil(wait);
    const message = `more than ${rate} requests a second: try again in ${seconds} s`;
    throw new LimitError('ERR_TOO_MANY_REQUESTS', message, LIMIT, seconds);
  };
}

/** Bytes that a body may have: reading and parsing them is what costs. */
function announced({ headers }: Request, maxBody: number): number {
  const length =
    headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : maxBody;
  return Math.min(length, maxBody);
}
