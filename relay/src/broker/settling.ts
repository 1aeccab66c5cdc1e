import type { ConsumeMessage } from 'amqplib';

/** How long new mailboxes are gathered before they are settled together, in milliseconds. */
const GATHER_MS = 50;

/**
 * Holds back the acknowledgement of what went into a mailbox that was just made, until the mailbox itself outlives a kill
 * of the broker (see `settleMetadata`): until then the intake's copy is the only safe one.
 */
export class Settling {
  private fresh = new Set<string>();
  private freshMessages: ConsumeMessage[] = [];
  private current = new Set<string>();
  private currentMessages: ConsumeMessage[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly settle: () => Promise<void>,
    private readonly ack: (message: ConsumeMessage) => void,
    private readonly onFailed: (error: Error) => void,
  ) {}

  created(key: string): void {
    this.fresh.add(key);
    this.start();
  }

  /** A mailbox was removed: until that is settled, too, a kill would bring it back with what was read. */
  removed(): void {
    this.start();
  }

  /** The mailbox has the message. */
  stored(key: string, message: ConsumeMessage): void {
    if (this.fresh.has(key)) this.freshMessages.push(message);
    else if (this.current.has(key)) this.currentMessages.push(message);
    else this.ack(message);
  }

  /** Resolves when nothing is held back any more. */
  async done(): Promise<void> {
    while (this.running || this.timer) {
      clearTimeout(this.timer);
      this.timer = undefined;
      await (this.running ?? this.run());
    }
  }

  private start(): void {
    if (this.timer || this.running) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.run();
    }, GATHER_MS);
  }

  private run(): Promise<void> {
    this.running = this.settleFresh().finally(() => {
      this.running = undefined;
      if (this.fresh.size > 0) this.start();
    });
    return this.running;
  }

  private async settleFresh(): Promise<void> {
    this.current = this.fresh;
    this.currentMessages = this.freshMessages;
    this.fresh = new Set();
    this.freshMessages = [];
    try {
      await this.settle();
      for (const message of this.currentMessages) this.ack(message);
    } catch (error) {
      // The connection is made anew, and the broker hands out again what was not acknowledged.
      this.onFailed(error instanceof Error ? error : new Error(String(error)));
    }
    this.current = new Set();
    this.currentMessages = [];
  }
}
