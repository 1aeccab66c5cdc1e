import { Backoff } from './backoff.js';

/**
 * The pause before another address is tried, in milliseconds: whoever loses the same one should not move in step, and not before
 * the others have chosen new leaders. A channel that publishes to a quorum queue sooner is refused until the old one is back.
 */
const MOVE_LEAST_MS = 500;
const MOVE_MOST_MS = 1000;

/** Addresses of the same thing, of which one is in use and the next is up when that turns out to be no good. */
export class Rotation {
  private readonly backoff = new Backoff();
  private at = 0;
  private failures = 0;
  private working = false;
  private readonly refusals = new Set<string>();
  private readonly addresses: readonly string[];

  /** @param addresses at least one; the first is in use. */
  constructor(addresses: string | readonly string[]) {
    this.addresses = typeof addresses === 'string' ? [addresses] : addresses;
    if (this.addresses.length === 0) throw new Error('there is no address');
  }

  get current(): string {
    return this.addresses[this.at] as string;
  }

  get several(): boolean {
    return this.addresses.length > 1;
  }

  /** Every address has been refused in a way that does not pass by itself, and none has worked since. */
  get refused(): boolean {
    return this.addresses.every((address) => this.refusals.has(address));
  }

  /** The one in use is no good. Returns how long to wait before the next, in milliseconds: ever longer once all have been tried. */
  next(): number {
    this.at = (this.at + 1) % this.addresses.length;
    this.failures = (this.failures + 1) % this.addresses.length;
    if (this.failures === 0) return this.backoff.next();
    // What never worked was not lost just now: the next one can be tried at once.
    if (!this.working) return 0;
    this.working = false;
    return MOVE_LEAST_MS + Math.random() * (MOVE_MOST_MS - MOVE_LEAST_MS);
  }

  /** It is of use. */
  worked(): void {
    this.working = true;
    this.failures = 0;
    this.backoff.reset();
  }

  /** Whether it is of no use to try the one in use again. */
  refuse(permanently: boolean): void {
    if (permanently) this.refusals.add(this.current);
    else this.refusals.delete(this.current);
  }
}

/** Gives each user of the addresses another one to begin with, so that they are spread over all of them. */
export class Spread {
  private turn: number;

  constructor(
    private readonly addresses: readonly string[],
    random = Math.random,
  ) {
    // Relays that start together do not all begin with the same one.
    this.turn = Math.floor(random() * addresses.length);
  }

  /** All of them, in an order for one user. */
  order(): string[] {
    const first = this.turn++ % this.addresses.length;
    return [...this.addresses.slice(first), ...this.addresses.slice(0, first)];
  }
}
