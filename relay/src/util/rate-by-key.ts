import { TokenBucket } from './token-bucket.js';

interface Line {
  readonly bucket: TokenBucket;
  /** In debt by one for each that was refused and is expected back; made when that first happens. */
  waiting: TokenBucket | undefined;
}

export interface RateOptions {
  /** Milliseconds since whenever, never going back. */
  clock?: () => number;
  /** From 0 to just below 1. */
  random?: () => number;
  /** Keys that are remembered before the oldest are forgotten early; twice as many at most. */
  mostKeys?: number;
}

/** No one is told to wait longer for a rate, in milliseconds. */
const LONGEST_WAIT_MS = 60_000;

/**
 * A token bucket for each key, made when the key is first seen. What was not used for as long as an empty bucket takes
 * to fill is forgotten, which changes nothing: it would be full. So a million users who pass through leave nothing
 * behind, and no timer runs.
 */
export class RateByKey {
  private young = new Map<string, Line>();
  private old = new Map<string, Line>();
  private turnedAt: number;
  private readonly lifetime: number;
  private readonly clock: () => number;
  private readonly random: () => number;
  private readonly mostKeys: number;

  /** @param rate tokens per second. @param capacity the most at once. Of each key. */
  constructor(
    private readonly rate: number,
    private readonly capacity: number,
    { clock = () => performance.now(), random = Math.random, mostKeys = 100_000 }: RateOptions = {},
  ) {
    this.clock = clock;
    this.random = random;
    this.mostKeys = mostKeys;
    this.lifetime = Math.max(LONGEST_WAIT_MS, (capacity / rate) * 1000);
    this.turnedAt = clock();
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  /**
   * Takes one token of this key, or `n`, though never more than there can be at once.
   * @returns 0, or the seconds after which another try makes sense. They are drawn from the time that all who were
   * refused need together, so that a thousand who came at once do not come back at once.
   */
  take(key: string, n = 1): number {
    const line = this.lineOf(key);
    const wanted = Math.min(n, this.capacity);
    if (line.bucket.take(wanted)) return 0;
    line.waiting ??= new TokenBucket(this.rate, 0, this.clock);
    // Whoever does not wait must not make the others wait ever longer.
    if (line.waiting.wait(0) < LONGEST_WAIT_MS) line.waiting.spend(wanted);
    const wait = line.bucket.wait(wanted) + this.random() * line.waiting.wait(0);
    return Math.min(wait, LONGEST_WAIT_MS) / 1000;
  }

  private lineOf(key: string): Line {
    if (this.young.size >= this.mostKeys || this.clock() - this.turnedAt > this.lifetime) this.turn();
    let line = this.young.get(key);
    if (line) return line;
    line = this.old.get(key);
    if (line) this.old.delete(key);
    else line = { bucket: new TokenBucket(this.rate, this.capacity, this.clock), waiting: undefined };
    this.young.set(key, line);
    return line;
  }

  /** Forgets whoever has not been here since the last turn. */
  private turn(): void {
    this.turnedAt = this.clock();
    this.old = this.young;
    this.young = new Map();
  }
}
