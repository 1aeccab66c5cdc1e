import type { PublishError } from './errors.js';
import type { Message } from './message.js';

/** How a message ended: undefined = the broker has confirmed it. */
export type Outcome = PublishError | undefined;

/** One message on its way to the broker. */
export class Delivery {
  /** Times that it was written to a connection. */
  attempts = 0;
  /** When that was last, in milliseconds since the epoch. */
  writtenAt = 0;
  /** Nobody waits for it, and it is not to be sent any more. */
  cancelled = false;
  private over = false;

  constructor(
    /** Grows with every message of a publisher: the order in which they go out. */
    readonly sequence: number,
    readonly message: Message,
    private readonly onEnd: (outcome: Outcome) => void,
  ) {}

  /** It is not sent any more. @returns whether it may have arrived. */
  cancel(): boolean {
    this.cancelled = true;
    this.end(undefined);
    return this.attempts > 0;
  }

  /** Once; what comes later changes nothing. */
  end(outcome: Outcome): void {
    if (this.over) return;
    this.over = true;
    this.onEnd(outcome);
  }
}
