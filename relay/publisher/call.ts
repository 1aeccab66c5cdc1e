import { PublishError } from './errors.js';
import type { Submission } from './route.js';

/** What the caller is told. */
export interface Receipt {
  /** By which readers tell a message that comes twice. */
  readonly messageId: string;
}

export interface Patience {
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One call that waits for its message: it ends with the message, its time, its signal, or the publisher. */
export class Call {
  readonly promise: Promise<Receipt>;
  private settle: ((error: PublishError | undefined) => void) | undefined;
  private timer: NodeJS.Timeout | undefined;
  private submission: Submission | undefined;

  constructor(
    messageId: string,
    private readonly patience: Patience,
    private readonly onEnd: (call: Call) => void,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.settle = (error) => (error ? reject(error) : resolve({ messageId }));
    });
  }

  /** The message is on its way, or over already. */
  begin(submission: Submission): void {
    if (!this.settle) return;
    this.submission = submission;
    const { timeout, signal } = this.patience;
    signal?.addEventListener('abort', this.aborted);
    if (timeout === undefined) return;
    this.timer = setTimeout(
      () => this.giveUp('ERR_TIMEOUT', `the message was not confirmed within ${timeout} ms`),
      timeout,
    );
  }

  /** What comes after the first counts for nothing. */
  end(error: PublishError | undefined): void {
    this.leave()?.(error);
  }

  giveUp(code: 'ERR_TIMEOUT' | 'ERR_ABORTED' | 'ERR_CLOSED', message: string, cause?: unknown): void {
    // Over before the message is cancelled, which ends like one that was confirmed.
    const settle = this.leave();
    if (!settle) return;
    const mayHaveArrived = this.submission?.cancel() ?? false;
    settle(new PublishError(code, message, { mayHaveArrived, cause }));
  }

  private leave(): typeof this.settle {
    const { settle } = this;
    this.settle = undefined;
    clearTimeout(this.timer);
    this.patience.signal?.removeEventListener('abort', this.aborted);
    this.onEnd(this);
    return settle;
  }

  private readonly aborted = () => {
    this.giveUp('ERR_ABORTED', 'the call was aborted', this.patience.signal?.reason);
  };
}
