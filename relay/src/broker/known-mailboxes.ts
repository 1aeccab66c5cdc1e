/** Mailboxes that are remembered. */
const MOST = 200_000;

/** The mailboxes that the keeper has made sure of, each for a while. */
export class KnownMailboxes {
  private readonly since = new Map<string, number>();

  /** @param time milliseconds after which a mailbox must be made sure of again, so that it does not expire in use */
  constructor(private readonly time: number) {}

  has(key: string): boolean {
    const since = this.since.get(key);
    return since !== undefined && Date.now() - since < this.time;
  }

  add(key: string): void {
    this.since.delete(key);
    this.since.set(key, Date.now());
    const [oldest] = this.since.keys();
    if (this.since.size > MOST && oldest !== undefined) this.since.delete(oldest);
  }

  delete(key: string): void {
    this.since.delete(key);
  }
}
