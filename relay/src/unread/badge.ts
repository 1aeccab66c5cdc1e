import type { Changes } from './changes.js';

/** The new number of unread messages of one destination, which `rest` names. */
export type BadgeListener = (rest: string, count: number) => void;

interface Counts {
  counts(userWord: string): Promise<Map<string, number>>;
  count(address: { userWord: string; rest: string }): Promise<number>;
}

/** The shortest time between two looks at one user's mailboxes, and after one that failed, in milliseconds. */
const PACE_MS = 300;
const RETRY_MS = 2000;

/**
 * One client's view of how much unread mail there is: what there is at the beginning, then every change, at most three
 * times a second.
 */
export class Badge {
  private readonly shown = new Map<string, number>();
  private readonly dirty = new Set<string>();
  private everything = true;
  private timer: NodeJS.Timeout | undefined;
  private looking = false;
  private ended = false;

  constructor(
    private readonly userWord: string,
    private readonly counts: Counts,
    private readonly changes: Changes,
    private readonly listener: BadgeListener,
  ) {}

  /** Resolves once no later change is missed. */
  async start(): Promise<void> {
    await this.changes.listen(this.userWord, this.onChange);
    // Whatever was seen before may have changed unnoticed.
    if (!this.ended) this.onChange(undefined);
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.changes.unlisten(this.userWord, this.onChange);
  }

  private readonly onChange = (rests: string[] | undefined): void => {
    if (rests) for (const rest of rests) this.dirty.add(rest);
    else this.everything = true;
    if (!this.timer && !this.looking) void this.look();
  };

  private async look(): Promise<void> {
    this.looking = true;
    let pace = PACE_MS;
    try {
      await this.show();
    } catch {
      // The broker is away: what has changed meanwhile, nobody told us.
      this.everything = true;
      pace = RETRY_MS;
    }
    this.looking = false;
    if (this.ended) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.everything || this.dirty.size > 0) void this.look();
    }, pace);
  }

  private async show(): Promise<void> {
    const { userWord } = this;
    if (this.everything) {
      this.everything = false;
      this.dirty.clear();
      const counts = await this.counts.counts(userWord);
      for (const rest of this.shown.keys()) if (!counts.has(rest)) this.tell(rest, 0);
      for (const [rest, count] of counts) this.tell(rest, count);
      return;
    }
    const rests = [...this.dirty];
    this.dirty.clear();
    for (const rest of rests) this.tell(rest, await this.counts.count({ userWord, rest }));
  }

  private tell(rest: string, count: number): void {
    if (this.ended || (this.shown.get(rest) ?? 0) === count) return;
    if (count === 0) this.shown.delete(rest);
    else this.shown.set(rest, count);
    this.listener(rest, count);
  }
}
