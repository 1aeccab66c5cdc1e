/**
 * Waiting times between attempts: doubling from `first` up to `most` milliseconds, each drawn between half
 * and the whole, so that many relays do not come back to a restarted broker in step.
 */
export class Backoff {
  private attempts = 0;

  constructor(
    private readonly first = 100,
    private readonly most = 3000,
  ) {}

  next(): number {
    const ceiling = Math.min(this.most, this.first * 2 ** this.attempts++);
    return ceiling * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.attempts = 0;
  }
}
