/** Users who are remembered; more than that at once would be a storm, and the oldest are let off. */
const REMEMBERED = 10_000;

/** Lets each user do something once in so many milliseconds. */
export class RateLimit {
  private readonly last = new Map<string, { at: number; id: string | undefined }>();

  constructor(private readonly interval: number) {}

  /**
   * @param id of the request: the last one may come again
   * @param now milliseconds, by any clock that does not go back
   */
  take(user: string, id: string | undefined, now: number): boolean {
    const last = this.last.get(user);
    if (last !== undefined && now - last.at < this.interval) return id !== undefined && last.id === id;
    // Put last again, so that the first ones are those of long ago.
    this.last.delete(user);
    this.last.set(user, { at: now, id });
    if (this.last.size > REMEMBERED) this.last.delete(this.last.keys().next().value ?? user);
    return true;
  }
}
