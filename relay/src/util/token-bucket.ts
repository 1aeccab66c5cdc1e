/** One for all: every client has several buckets. */
const steadyClock = () => performance.now();

/**
 * A rate limit that lets bursts through: tokens come in at `rate` a second, up to `capacity`, and everything takes
 * some. Nothing runs in between: what has come in is reckoned when somebody asks.
 */
export class TokenBucket {
  private tokens: number;
  private filledAt: number;

  constructor(
    /** Tokens per second. */
    private readonly rate: number,
    /** The most that it holds; it starts full. */
    private readonly capacity: number,
    /** Milliseconds since whenever, never going back: a clock that is set must not refill buckets or stop them. */
    private readonly clock: () => number = steadyClock,
  ) {
    this.tokens = capacity;
    this.filledAt = clock();
  }

  /** Takes `n` tokens if they are there; false, and takes none, if they are not. */
  take(n = 1): boolean {
    // The clock is not asked as long as there is enough: this is on the path of every frame.
    if (this.tokens < n) {
      this.fill();
      if (this.tokens < n) return false;
    }
    this.tokens -= n;
    return true;
  }

  /** Takes `n` tokens in any case, for what has happened already; what is missing must come in first. */
  spend(n: number): void {
    if (this.tokens < n) this.fill();
    this.tokens -= n;
  }

  /** Milliseconds until `n` tokens are there; 0 when they are, Infinity for more than it ever holds. */
  wait(n = 1): number {
    if (this.tokens < n) this.fill();
    if (this.tokens >= n) return 0;
    return n > this.capacity ? Number.POSITIVE_INFINITY : ((n - this.tokens) * 1000) / this.rate;
  }

  /** How full it is: 1 when nothing is missing, so that it can be forgotten; below 0 when more was spent than there was. */
  get level(): number {
    if (this.tokens < this.capacity) this.fill();
    return this.tokens / this.capacity;
  }

  private fill(): void {
    const now = this.clock();
    this.tokens = Math.min(this.capacity, this.tokens + ((now - this.filledAt) * this.rate) / 1000);
    this.filledAt = now;
  }
}
