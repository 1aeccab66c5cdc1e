import type { RelayMessage } from './types.js';

/** By how many ids duplicates are known, and how many live messages may wait for the unread ones before them. */
const KNOWN = 2000;
const HELD = 5000;

/** The ids that came last. */
export class SeenIds {
  private readonly ids = new Set<string>();

  constructor(private readonly most = KNOWN) {}

  /** Whether the id is new. A known one counts as just seen again. */
  add(id: string): boolean {
    const isNew = !this.ids.delete(id);
    this.ids.add(id);
    if (this.ids.size > this.most) {
      for (const oldest of this.ids) {
        this.ids.delete(oldest);
        break;
      }
    }
    return isNew;
  }
}

/**
 * Brings together what was pulled and what arrives live on one subscription: while it holds, live messages wait behind
 * the pulled ones; each is delivered once.
 */
export class Merge {
  private readonly seen: SeenIds;
  private held: RelayMessage[] = [];
  private holding = false;

  constructor(
    private readonly deliver: (message: RelayMessage) => void,
    known?: number,
    private readonly mostHeld = HELD,
  ) {
    this.seen = new SeenIds(known);
  }

  /** From now on live messages wait. */
  hold(): void {
    this.holding = true;
  }

  live(message: RelayMessage): void {
    if (!this.holding) {
      this.hand(message);
      return;
    }
    this.held.push(message);
    // Late and out of order is better than running out of memory.
    if (this.held.length > this.mostHeld) this.release();
  }

  pulled(messages: readonly RelayMessage[]): void {
    for (const message of messages) this.hand(message);
  }

  /** The pulled ones are through: what has waited follows, and then what comes. */
  release(): void {
    this.holding = false;
    for (const message of this.held.splice(0)) this.hand(message);
  }

  private hand(message: RelayMessage): void {
    // Without an id nothing can be told apart.
    if (message.id === '' || this.seen.add(message.id)) this.deliver(message);
  }
}
