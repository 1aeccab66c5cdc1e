import type { Outcome } from './delivery.js';
import type { Message } from './message.js';

/** What becomes of a message that was handed in. */
export interface Submission {
  /**
   * Nobody waits for it any more. What is not on its way is not sent.
   * @returns whether it may arrive all the same
   */
  cancel(): boolean;
}

/** A way of messages to the lanes: through memory, or by way of the disk. */
export interface Route {
  /**
   * @param onEnd is told how it ended; what it hears after `cancel` means nothing
   * @throws PublishError ERR_BUFFER_FULL
   */
  submit(message: Message, until: 'accepted' | 'confirmed', onEnd: (outcome: Outcome) => void): Submission;
  /** What it holds. */
  readonly held: { readonly messages: number; readonly bytes: number };
  /** Resolves when a small message would find room at once. */
  room(): Promise<void>;
  /** Resolves when it holds nothing that is still to be sent. */
  drained(): Promise<void>;
  close(): void;
}

/** Tells those who wait for a moment that it has come. */
export class Moment {
  private waiting: (() => void)[] = [];

  wait(isNow: boolean): Promise<void> {
    if (isNow) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  come(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
  }
}
