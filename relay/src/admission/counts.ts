/** How many of each key are there, up to `most`. Keys of which none is left are forgotten. */
export class Counts {
  private readonly counts = new Map<string, number>();

  constructor(readonly most: number) {}

  /** Keys of which there are some. */
  get size(): number {
    return this.counts.size;
  }

  hasRoom(key: string): boolean {
    return (this.counts.get(key) ?? 0) < this.most;
  }

  add(key: string): void {
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  remove(key: string): void {
    const left = (this.counts.get(key) ?? 0) - 1;
    if (left > 0) this.counts.set(key, left);
    else this.counts.delete(key);
  }
}
