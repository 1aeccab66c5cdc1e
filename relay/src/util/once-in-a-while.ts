/** Lets each key pass once in a while, so that what clients repeat does not drown a log. */
export class OnceInAWhile {
  /** When each passed; the oldest first. */
  readonly #passed = new Map<string, number>();
  readonly #interval: number;
  readonly #capacity: number;

  /**
   * @param interval milliseconds in which a key passes once
   * @param capacity keys to remember; while there are more, none passes that is not known: a client makes up new ones for ever
   */
  constructor(interval: number, capacity: number) {
    this.#interval = interval;
    this.#capacity = capacity;
  }

  /** @param now milliseconds, of a clock that does not go back */
  passes(key: string, now: number): boolean {
    for (const [old, at] of this.#passed) {
      if (now - at < this.#interval) break;
      this.#passed.delete(old);
    }
    if (this.#passed.has(key) || this.#passed.size >= this.#capacity) return false;
    this.#passed.set(key, now);
    return true;
  }
}
