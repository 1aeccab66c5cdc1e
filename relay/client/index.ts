import { DirectClient } from './create.js';
import { openShared } from './shared/open.js';
import type { RelayClient, RelayClientOptions } from './types.js';

export { type Advice, advise } from './advice.js';
export { RelayError, TokenRefused } from './errors.js';
export type * from './types.js';

/** A client of one relay for one user. Nothing is opened before `connect()`. */
export function createRelayClient(options: RelayClientOptions): RelayClient {
  return openShared(options) ?? new DirectClient(options);
}
