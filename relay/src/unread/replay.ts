import type { Batch } from '../broker/batch.js';
import { OutboundMessage } from '../outbound/message.js';
import { Delivery } from '../upstream/delivery.js';
import type { Changes } from './changes.js';
import type { MailboxAddress, PullLimits } from './store.js';
import { unreadMessage } from './unread.js';

/** Where unread mail comes from. */
export interface ReplaySource {
  take(address: MailboxAddress, limits: PullLimits): Promise<Batch | undefined>;
  passed(address: MailboxAddress): Promise<void>;
  readonly changes: Changes;
}

/** The subscription that gets the messages. */
export interface ReplaySink {
  deliver(message: OutboundMessage, delivery: Delivery): void;
  /** How many more messages may be on their way to the client. */
  room(): number;
  onRoom(callback: () => void): void;
  /** The client is too slow for what arrives meanwhile. */
  overflow(): void;
}

/** Unread messages on their way to one subscription. */
const WINDOW = 200;
const PAGE: PullLimits = { messages: 100, bytes: 4 * 1024 * 1024 };
/** Live messages that may wait for the end of the replay, and for how long, in milliseconds. */
const HELD_MOST = 500;
const HELD_MS = 5 * 60_000;
const RETRY_MS = 500;

const NOBODY: ReplaySink = {
  deliver: (_, delivery) => delivery.release(),
  room: () => 0,
  onRoom: () => {},
  overflow: () => {},
};

let replays = 0;

/**
 * SUBSCRIBE with `unread: replay`: the mailbox first, oldest first, then what arrives live. Live messages wait until
 * the keeper has said that everything published before the subscription is in the mailbox, and the mailbox is
 * empty: so there is neither a gap nor another order. What becomes unread later follows as it comes.
 */
export class Replay {
  private live = false;
  private ended = false;
  private draining = false;
  private changed = false;
  private held: { message: OutboundMessage; delivery: Delivery }[] = [];
  private heldTooLong: NodeJS.Timeout | undefined;
  private readonly batches = new Set<Batch>();
  /** Waits that end early when something was settled. */
  private readonly sleepers = new Set<() => void>();
  /** A client may use the id of a subscription again, but would take a message id that comes again for a duplicate. */
  private readonly ordinal = ++replays;
  private sequence = 0;

  constructor(
    private readonly address: MailboxAddress,
    /** What message ids begin with. */
    private readonly name: string,
    private readonly source: ReplaySource,
    private sink: ReplaySink,
  ) {}

  /** To be called once the subscription is made: from then on messages arrive live. */
  start(): void {
    if (this.ended) return;
    void this.run(this.source.changes.listen(this.address.userWord, this.onChange));
  }

  /** What was delivered is still to be settled by whoever got it. */
  end(): void {
    this.ended = true;
    // The keeper may be minutes behind with its answer: until then this would keep a session that is over.
    this.sink = NOBODY;
    clearTimeout(this.heldTooLong);
    this.source.changes.unlisten(this.address.userWord, this.onChange);
    for (const { delivery } of this.held.splice(0)) this.releaseLast(delivery);
    this.wake();
  }

  /** Whether live messages wait for the end of the replay. */
  get holding(): boolean {
    return this.held.length > 0;
  }

  /** Keeps a live message for later; false when it is to be delivered now. */
  holds(message: OutboundMessage, delivery: Delivery): boolean {
    if (this.ended) {
      this.releaseLast(delivery);
      return true;
    }
    if (this.live) return false;
    this.held.push({ message, delivery });
    this.heldTooLong ??= setTimeout(() => this.sink.overflow(), HELD_MS);
    if (this.held.length > HELD_MOST) this.sink.overflow();
    return true;
  }

  private readonly onChange = (rests: string[] | undefined): void => {
    if (rests && !rests.includes(this.address.rest)) return;
    this.changed = true;
    if (this.live) void this.drain();
  };

  /** Gives a message back behind those that were delivered before it, which a session that ends gives back at once. */
  private releaseLast(delivery: Delivery): void {
    queueMicrotask(() => delivery.release());
  }

  private async run(listening: Promise<void>): Promise<void> {
    const passed = this.insist(() => this.source.passed(this.address));
    await this.drain();
    await passed;
    await listening;
    await this.drain();
    while (!this.ended && this.held.length > 0) {
      if (this.sink.room() > 0) {
        const next = this.held.shift();
        if (next) this.sink.deliver(next.message, next.delivery);
      } else await this.moreRoom();
    }
    clearTimeout(this.heldTooLong);
    this.live = true;
    // What became unread while the last held messages went out.
    if (this.changed) await this.drain();
  }

  /** Delivers what is in the mailbox until nothing is left. */
  private async drain(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    do {
      this.changed = false;
      await this.insist(() => this.emptyMailbox());
    } while (this.changed && !this.ended);
    this.draining = false;
  }

  private async emptyMailbox(): Promise<void> {
    while (!this.ended) {
      let pending = 0;
      let ending: Batch | undefined;
      for (const batch of this.batches) {
        pending += batch.pending;
        if (batch.pending === 0) ending = batch;
      }
      if (ending) {
        // What goes back into the mailbox with its first message is there only then.
        await ending.ended;
        continue;
      }
      const messages = Math.min(PAGE.messages, WINDOW - pending, this.sink.room());
      if (messages <= 0) {
        await this.moreRoom();
        continue;
      }
      const batch = await this.source.take(this.address, { ...PAGE, messages });
      if (!batch || (batch.messages.length === 0 && batch.remaining === 0)) return;
      this.hand(batch);
    }
  }

  private hand(batch: Batch): void {
    this.batches.add(batch);
    void batch.ended.then(() => {
      this.batches.delete(batch);
      this.wake();
    });
    for (const [index, taken] of batch.messages.entries()) {
      const { headers, body } = unreadMessage(taken);
      const message = new OutboundMessage(
        ['unread', 'true', ...headers],
        body,
        `${this.name}-${this.ordinal}-${++this.sequence}`,
      );
      const settler = {
        ack: () => {
          batch.ack(index);
          this.wake();
        },
        refuse: () => {
          batch.refuse(index);
          this.wake();
        },
      };
      // Another subscription of the same session may have used up the room since it was asked for.
      if (this.ended || this.sink.room() <= 0) batch.refuse(index);
      else this.sink.deliver(message, new Delivery(settler, index, 1));
    }
  }

  private moreRoom(): Promise<void> {
    return new Promise((resolve) => {
      const awake = () => {
        this.sleepers.delete(awake);
        resolve();
      };
      this.sleepers.add(awake);
      this.sink.onRoom(awake);
    });
  }

  private wake(): void {
    for (const awake of [...this.sleepers]) awake();
  }

  /** Ends early when something was settled, or the subscription ends. */
  private sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const awake = () => {
        clearTimeout(timer);
        this.sleepers.delete(awake);
        resolve();
      };
      const timer = setTimeout(awake, milliseconds);
      this.sleepers.add(awake);
    });
  }

  /** Does something until it works: while the broker is away, nothing is lost, only late. */
  private async insist(action: () => Promise<void>): Promise<void> {
    while (!this.ended) {
      try {
        await action();
        return;
      } catch {
        await this.sleep(RETRY_MS);
      }
    }
  }
}
