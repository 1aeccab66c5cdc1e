/**
 * What becomes of messages of a `/topic/…` subscription that wait for a client which does not keep up:
 *
 * - `disconnect`: none is dropped; the client is closed when too much waits
 * - `drop-oldest`: the oldest go first, once `most` wait
 * - `latest-only`: of each destination only the newest waits
 */
export type Slow =
  | { readonly policy: 'disconnect' }
  | { readonly policy: 'drop-oldest'; readonly most: number }
  | { readonly policy: 'latest-only' };

export const SLOW_POLICIES = ['disconnect', 'drop-oldest', 'latest-only'] as const;

/** Where no rule says anything. */
export const DISCONNECT: Slow = { policy: 'disconnect' };

/** Messages that wait with `drop-oldest`, unless the rule names a number. */
export const DEFAULT_MOST = 1000;
