/**
 * The name under which a relay process is known to the broker. When others have taken it for dead and buried it, it comes
 * back under another one, so that it never meets what is still being cleared away.
 */
export class Incarnation {
  private count = 1;

  constructor(private readonly node: string) {}

  get name(): string {
    return this.count === 1 ? this.node : `${this.node}-${this.count}`;
  }

  renew(): void {
    this.count++;
  }
}
