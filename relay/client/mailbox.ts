import { backoff } from './backoff.js';
import { HttpRefused } from './http.js';
import type { Merge } from './merge.js';
import { type PulledMessage, pulledMessage } from './message.js';
import { Pause } from './wake.js';

/** One page of unread mail. */
export interface Page {
  readonly messages: readonly PulledMessage[];
  readonly lease: string | null;
  readonly remaining: number;
}

/** Where unread mail is fetched from. */
export interface MailSource {
  /** @param settled wait until everything that was published before is there */
  pull(destination: string, settled: boolean): Promise<Page>;
  acknowledge(lease: string): Promise<void>;
}

/**
 * The relay tells a few times a second how many there are, and only when the number is another: one that came as another
 * was fetched is not told. So a number that stays is looked into again after this time, in milliseconds.
 */
const AGAIN_MS = 1000;
/** After so many pulls in a row that failed, live messages do not wait any longer. */
const PATIENCE = 3;

/** How a mailbox is named in counts: what follows `/user`, with one `/`. The broker takes `/` and `.` for the same. */
export function mailboxName(destination: string): string {
  return `/${destination
    .replace(/^\/user\//, '')
    .replaceAll('/', '.')
    .replace('.', '/')}`;
}

/** Pulls the unread mail of one subscription whenever there may be some. */
export class Mailbox {
  readonly name: string;
  private readonly pause = new Pause();
  /** Something may be there that was not pulled. */
  private wanted = false;
  private settled = false;
  private running = false;
  private ended = false;
  /** SUBSCRIBE is not confirmed yet: live messages wait for the pull that follows. */
  private subscribing = false;
  /** How many messages the relay has last told of, and when to look again unless it tells another number. */
  private told = 0;
  private later: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly destination: string,
    private readonly merge: Merge,
    private readonly source: MailSource,
  ) {
    this.name = mailboxName(destination);
  }

  /** SUBSCRIBE goes out: what arrives from now on waits for what came before. */
  begin(): void {
    this.subscribing = true;
    this.merge.hold();
  }

  /** Nothing later can be missed: what came before is in the mailbox, or on its way there. */
  subscribed(): void {
    this.subscribing = false;
    this.settled = true;
    this.want();
  }

  /** The relay tells how many messages are unread. */
  count(count: number): void {
    this.told = count;
    clearTimeout(this.later);
    if (count > 0 && !this.subscribing) this.want();
    else if (count === 0 && !this.settled) this.wanted = false;
  }

  /** Nothing is told any more until the next connection. */
  down(): void {
    this.told = 0;
    clearTimeout(this.later);
  }

  /** It will not come back by itself, or nobody listens any more: what was held is delivered. */
  end(): void {
    this.ended = true;
    this.down();
    this.pause.end();
    this.subscribing = false;
    this.merge.release();
  }

  private want(): void {
    this.wanted = true;
    this.ended = false;
    if (this.running) this.pause.wake();
    else void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    let failures = 0;
    while (this.wanted && !this.ended) {
      this.wanted = false;
      const { settled } = this;
      this.settled = false;
      try {
        await this.empty(settled);
        failures = 0;
        this.release();
      } catch (error) {
        if (isFinal(error)) {
          this.release();
          continue;
        }
        this.wanted = true;
        this.settled ||= settled;
        if (++failures >= PATIENCE) this.release();
        const told = error instanceof HttpRefused ? error.retryAfter : 0;
        await this.pause.wait(told || backoff(failures), told > 0);
      }
    }
    this.running = false;
    if (this.told > 0 && !this.ended) this.later = setTimeout(() => this.want(), AGAIN_MS);
  }

  private release(): void {
    if (!this.subscribing) this.merge.release();
  }

  private async empty(settled: boolean): Promise<void> {
    for (let first = true; !this.ended; first = false) {
      const { messages, lease, remaining } = await this.source.pull(this.destination, settled && first);
      // Nobody listens any more: without an acknowledgement they are unread again.
      if (lease === null || this.ended) return;
      this.merge.pulled(messages.map((message) => pulledMessage(this.destination, message)));
      // When this fails they come again, and are known then.
      await this.source.acknowledge(lease).catch(() => {});
      if (remaining === 0) return;
    }
  }
}

/** A request that will be refused the next time, too. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof HttpRefused &&
    error.status >= 400 &&
    error.status < 500 &&
    ![401, 408, 429].includes(error.status)
  );
}
