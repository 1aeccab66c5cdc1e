/**
 * Lets a bounded number of changes be on their way to the broker. It makes or removes a queue for each, on the very
 * connection that brings everybody's topics: a client that subscribes and unsubscribes without end would have
 * all of them wait behind its own changes (measured: 7 s with 500 changes a second; here they wait at the relay instead).
 */
export class Pacer {
  private readonly onTheirWay = new Set<string>();
  /** In the order in which they came. */
  private readonly waiting = new Map<string, () => void>();

  constructor(private readonly most: number) {}

  /** Sends it as soon as there is room; `id` is what the broker's confirmation will name. */
  add(id: string, send: () => void): void {
    this.waiting.set(id, send);
    this.advance();
  }

  /** True when it had not been sent yet, and will not be. */
  drop(id: string): boolean {
    return this.waiting.delete(id);
  }

  /** The broker has done it. */
  done(id: string): void {
    if (this.onTheirWay.delete(id)) this.advance();
  }

  /** The connection is gone, and all changes with it. */
  reset(): void {
    this.onTheirWay.clear();
    this.waiting.clear();
  }

  private advance(): void {
    for (const [id, send] of this.waiting) {
      if (this.onTheirWay.size >= this.most) return;
      this.waiting.delete(id);
      this.onTheirWay.add(id);
      send();
    }
  }
}
