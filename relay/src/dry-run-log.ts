import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { LetThrough } from './policy/permit.js';
import { OnceInAWhile } from './util/once-in-a-while.js';

const EVERY_MS = 60_000;
/** A client that makes up destinations could fill the log as well as the memory. */
const MAX_KEYS = 5000;

/** Counts what a dry run lets through, and logs each user, action and destination once a minute. */
export function dryRunLog(
  log: Logger,
  metrics: () => Pick<Metrics, 'dryRunDenials'>,
  clock: () => number = () => performance.now(),
): (what: LetThrough) => void {
  const seldom = new OnceInAWhile(EVERY_MS, MAX_KEYS);
  return (what) => {
    const { user, action, destination, line } = what;
    metrics().dryRunDenials.inc({ action });
    if (!seldom.passes(JSON.stringify([user, action, destination]), clock())) return;
    log.warn(
      { user, action, destination, line: line ?? null },
      line === undefined
        ? 'dry run: no rule of the access file allows this'
        : 'dry run: the access file denies this',
    );
  };
}
