const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * How long to wait before attempt number `attempt` (1 = the first after a failure), in milliseconds: at random up to a
 * bound that doubles. Drawn from the whole range ("full jitter"), so that those who lost the same relay do not
 * come back in step.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
}

/** The milliseconds that `Retry-After` or `retry-after` asks for; 0 when it says nothing that can be used. */
export function retryAfter(seconds: string | null | undefined): number {
  const wait = Number(seconds ?? 0) * 1000;
  return Number.isFinite(wait) && wait > 0 ? Math.min(wait, 10 * 60_000) : 0;
}
