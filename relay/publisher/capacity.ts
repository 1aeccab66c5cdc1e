import { PublishError } from './errors.js';
import { Fifo } from './fifo.js';
import type { Limits } from './options.js';

interface Waiter {
  readonly bytes: number;
  readonly enter: () => void;
  gone: boolean;
}

/** How much may be held at once, in messages and bytes. Who finds no room waits, first come first served. */
export class Capacity {
  private messages = 0;
  private bytes = 0;
  private readonly waiting = new Fifo<Waiter>();

  constructor(
    private readonly limits: Required<Limits>,
    private readonly whenFull: 'wait' | 'reject',
  ) {}

  get held(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.messages, bytes: this.bytes };
  }

  /** Counts what is there already, whether it fits or not. */
  occupy(messages: number, bytes: number): void {
    this.messages += messages;
    this.bytes += bytes;
  }

  /**
   * Takes room for one message, and calls `enter` once it is there: at once, or later within the `release` that makes it,
   * so that messages enter in the order of their calls.
   * @returns what gives up the place in the queue
   * @throws PublishError ERR_BUFFER_FULL with `whenFull: 'reject'`
   */
  take(bytes: number, enter: () => void): () => void {
    if (this.enterAtOnce(bytes)) {
      enter();
      return () => {};
    }
    if (this.whenFull === 'reject') {
      throw new PublishError(
        'ERR_BUFFER_FULL',
        `${this.messages} messages with ${this.bytes} bytes wait for the broker already`,
      );
    }
    return this.queue(bytes, enter);
  }

  release(messages: number, bytes: number): void {
    this.messages -= messages;
    this.bytes -= bytes;
    this.admit();
  }

  /** Resolves when a message of that size finds room. */
  async room(bytes: number): Promise<void> {
    if (!this.enterAtOnce(bytes)) await new Promise<void>((enter) => this.queue(bytes, enter));
    this.release(1, bytes);
  }

  private enterAtOnce(bytes: number): boolean {
    if (this.waiting.size > 0 || !this.fits(bytes)) return false;
    this.occupy(1, bytes);
    return true;
  }

  private queue(bytes: number, enter: () => void): () => void {
    const waiter = { bytes, enter, gone: false };
    this.waiting.push(waiter);
    return () => {
      waiter.gone = true;
      this.admit();
    };
  }

  private admit(): void {
    for (let next = this.waiting.first; next; next = this.waiting.first) {
      if (!next.gone && !this.fits(next.bytes)) return;
      // Taken out first: whoever enters may release, and come back here.
      this.waiting.shift();
      if (next.gone) continue;
      this.occupy(1, next.bytes);
      next.enter();
    }
  }

  /** One that is larger than all there may be passes when nothing else is held, or it would wait for ever. */
  private fits(bytes: number): boolean {
    if (this.messages === 0) return true;
    return this.messages < this.limits.messages && this.bytes + bytes <= this.limits.bytes;
  }
}
