/** What one session may know of the others of its user. */
export interface Share {
  /** How many deliveries may wait for an ACK, over all sessions of the user. */
  readonly most: number;
  /** How many more of them may. */
  readonly room: number;
  add(): void;
  remove(count: number): void;
  /** Calls back once, when there may be more room. */
  onRoom(callback: () => void): void;
}

interface Account {
  count: number;
  waiting: (() => void)[];
}

/**
 * How many `/user` messages wait for an ACK, by user. All users of a relay share what the broker lets be on its way:
 * with a bound for each session alone, ten pages of one user that acknowledge nothing would stop everybody's mail.
 */
export class UserUnacked {
  private readonly accounts = new Map<string, Account>();

  constructor(private readonly most: number) {}

  /** Users that have something to acknowledge. */
  get size(): number {
    return this.accounts.size;
  }

  share(userWord: string): Share {
    const { accounts, most } = this;
    return {
      most,
      get room() {
        return most - (accounts.get(userWord)?.count ?? 0);
      },
      add() {
        const account = accounts.get(userWord);
        if (account) account.count++;
        else accounts.set(userWord, { count: 1, waiting: [] });
      },
      remove(count) {
        const account = accounts.get(userWord);
        if (!account) return;
        account.count -= count;
        // Nobody waits for room when all of it is there.
        if (account.count <= 0) accounts.delete(userWord);
        for (const callback of account.waiting.splice(0)) callback();
      },
      onRoom(callback) {
        const account = accounts.get(userWord);
        if (account) account.waiting.push(callback);
        else queueMicrotask(callback);
      },
    };
  }
}
