import type { Logger } from './logger.js';
import { RateByKey } from './util/rate-by-key.js';
import { TokenBucket } from './util/token-bucket.js';

/** So many lines at once, and so many a second in the long run. */
export interface Allowance {
  readonly burst: number;
  readonly rate: number;
}

export interface LogBudgetOptions {
  /** What the lines are about, for the line that says how many are missing. */
  readonly about: string;
  /** Of one user or address. */
  readonly each: Allowance;
  /** Of all together: addresses and names can be made up for ever. */
  readonly all: Allowance;
  /** Is called for each line that is left out. */
  onLeftOut(): void;
  /** Milliseconds since whenever, never going back. */
  readonly clock?: () => number;
}

const EVERY_MS = 60_000;
const MOST_KEYS = 5000;

/** Keeps lines that clients cause from filling a disk. What is left out is counted, and said once a minute. */
export class LogBudget {
  private readonly each: RateByKey;
  private readonly all: TokenBucket;
  private readonly clock: () => number;
  private leftOut = 0;
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly log: Logger,
    private readonly options: LogBudgetOptions,
  ) {
    const { each, all, clock = () => performance.now() } = options;
    this.clock = clock;
    this.each = new RateByKey(each.rate, each.burst, { clock, mostKeys: MOST_KEYS });
    this.all = new TokenBucket(all.rate, all.burst, clock);
  }

  /** Whether one more line may be written. @param key the user or address that causes it */
  passes(key: string): boolean {
    if (this.each.take(key) === 0 && this.all.take()) return true;
    this.options.onLeftOut();
    this.leftOut++;
    if (this.clock() - this.saidAt < EVERY_MS) return false;
    this.log.warn(
      { about: this.options.about, leftOut: this.leftOut },
      'too many log lines: some are left out',
    );
    this.saidAt = this.clock();
    this.leftOut = 0;
    return false;
  }
}
