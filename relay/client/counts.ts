import { Value } from './observable.js';
import type { UnreadCounts } from './types.js';

const NONE: UnreadCounts = { total: 0, counts: {} };

/** How much unread mail there is: all of it, asked for once for each connection, and what has changed since. */
export class Counts {
  readonly value: Value<UnreadCounts>;
  private changes: Map<string, number> | undefined;

  constructor(onWatched: (watched: boolean) => void) {
    this.value = new Value<UnreadCounts>(NONE, onWatched);
  }

  /**
   * A new connection: counts that became 0 meanwhile are not told, so all are asked for.
   * @param ask gets all counts; when it fails, those that are told count
   */
  async begin(ask: () => Promise<Readonly<Record<string, number>>>): Promise<void> {
    const changes = new Map<string, number>();
    this.changes = changes;
    const all = await ask().catch(() => ({}));
    if (this.changes !== changes) return;
    this.changes = undefined;
    // What was told since is newer than the answer.
    this.show({ ...all, ...Object.fromEntries(changes) });
  }

  change(destination: string, count: number): void {
    if (this.changes) this.changes.set(destination, count);
    else this.show({ ...this.value.value.counts, [destination]: count });
  }

  reset(): void {
    this.changes = undefined;
    if (this.value.value.total > 0) this.value.set(NONE);
  }

  private show(all: Readonly<Record<string, number>>): void {
    const counts = Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    if (total === 0 && this.value.value.total === 0) return;
    this.value.set({ total, counts });
  }
}
