import { setImmediate } from 'node:timers/promises';

/** Messages that were taken out of a mailbox, as far as their way back is concerned. */
export interface Taken {
  /** Messages that nobody has settled yet. */
  readonly pending: number;
  /** Resolves once the broker has back what was given back. */
  readonly ended: Promise<unknown>;
}

/**
 * Has those of this relay who take from one mailbox wait for each other, and for what is on its way back into it: whoever
 * takes while older messages are just being put back gets newer ones first.
 */
export class MailboxOrder<T extends Taken> {
  private readonly latest = new Map<string, Promise<T | undefined>>();
  private readonly taken = new Map<string, Set<T>>();

  /** Takes from a mailbox when it is its turn. */
  take(mailbox: string, take: () => Promise<T | undefined>): Promise<T | undefined> {
    const taking = this.takeAfter(this.latest.get(mailbox), mailbox, take);
    this.latest.set(mailbox, taking);
    const over = () => {
      if (this.latest.get(mailbox) === taking) this.latest.delete(mailbox);
    };
    taking.then(over, over);
    return taking;
  }

  private async takeAfter(
    former: Promise<T | undefined> | undefined,
    mailbox: string,
    take: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    if (former) {
      await former.catch(() => {});
      // Whoever took, and wants nothing any more, gives it back in this turn of the event loop.
      await setImmediate();
    }
    for (const { pending, ended } of this.taken.get(mailbox) ?? []) if (pending === 0) await ended;
    const taken = await take();
    if (taken) this.remember(mailbox, taken);
    return taken;
  }

  private remember(mailbox: string, taken: T): void {
    const all = this.taken.get(mailbox) ?? new Set();
    this.taken.set(mailbox, all.add(taken));
    void taken.ended.then(() => {
      all.delete(taken);
      if (all.size === 0 && this.taken.get(mailbox) === all) this.taken.delete(mailbox);
    });
  }
}
