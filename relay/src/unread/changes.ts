/** What `Changes` needs of the inbox. */
export interface ChangeFeed {
  follow(userWord: string): Promise<void>;
  unfollow(userWord: string): void;
  /** Tells everyone who follows the user that these mailboxes have changed. */
  announce(userWord: string, rests: string[]): void;
}

/** `rests` is undefined when changes may have been missed: everything is to be looked at again. */
export type ChangeListener = (rests: string[] | undefined) => void;

/** How long changes are gathered before they are told, in milliseconds. */
const GATHER_MS = 50;

/**
 * Which mailboxes have changed: tells other relays, and tells the listeners here. Says only that something has changed,
 * never what; whoever wants to know looks.
 */
export class Changes {
  private readonly listeners = new Map<string, Set<ChangeListener>>();
  private readonly gathered = new Map<string, Set<string>>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly feed: ChangeFeed) {}

  /** Resolves once no later change is missed. Never rejects: what is missed while the broker is away, `missed` tells. */
  async listen(userWord: string, listener: ChangeListener): Promise<void> {
    const listeners = this.listeners.get(userWord);
    if (listeners) listeners.add(listener);
    else this.listeners.set(userWord, new Set([listener]));
    await this.feed.follow(userWord).catch(() => {});
  }

  unlisten(userWord: string, listener: ChangeListener): void {
    const listeners = this.listeners.get(userWord);
    if (!listeners?.delete(listener)) return;
    if (listeners.size === 0) this.listeners.delete(userWord);
    this.feed.unfollow(userWord);
  }

  /** A mailbox has changed; told to all relays soon. */
  changed(userWord: string, rest: string): void {
    const rests = this.gathered.get(userWord);
    if (rests) rests.add(rest);
    else this.gathered.set(userWord, new Set([rest]));
    // What comes back while the connection is being closed is told by nobody.
    if (!this.closed) this.timer ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  /** Another relay, or this one, has told of changes. */
  received(userWord: string, rests: string[]): void {
    for (const listener of this.listeners.get(userWord) ?? []) listener(rests);
  }

  /** The connection was lost and is back. */
  missed(): void {
    for (const listeners of this.listeners.values()) {
      for (const listener of listeners) listener(undefined);
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
  }

  private flush(): void {
    this.timer = undefined;
    for (const [userWord, rests] of this.gathered) this.feed.announce(userWord, [...rests]);
    this.gathered.clear();
  }
}
