import type { DirectClient } from '../create.js';
import { TokenRefused } from '../errors.js';
import type { Tab } from './tab.js';

/** How long one tab has to bring a token before the next is asked too, in milliseconds. */
const PATIENCE_MS = 5000;
/** How long all of them have. */
const GIVE_UP_MS = 30_000;

/** One connection, and the tabs that share it. */
export class Room {
  readonly client: DirectClient;
  private readonly tabs = new Set<Tab>();

  /** @param onEmpty is told that the last tab has gone; the connection ends then */
  constructor(
    make: (token: (stale?: string) => Promise<string>) => DirectClient,
    private readonly onEmpty: () => void,
  ) {
    this.client = make((stale) => this.token(stale));
  }

  join(tab: Tab): void {
    this.tabs.add(tab);
  }

  /** Resolves when nothing of the tab is left, which for the last one is DISCONNECT. */
  async leave(tab: Tab): Promise<void> {
    if (!this.tabs.delete(tab) || this.tabs.size > 0) return;
    this.onEmpty();
    await this.client.close();
  }

  /** Asks the tabs, the one that came last first: it is the most likely to be awake. */
  private token(stale: string | undefined): Promise<string> {
    const tabs = [...this.tabs].reverse();
    return new Promise((resolve, reject) => {
      const none = () => reject(new Error('no tab brings a token'));
      let timer: ReturnType<typeof setTimeout> | undefined;
      let asked = 0;
      const next = () => {
        clearTimeout(timer);
        const tab = tabs.shift();
        timer = tab ? setTimeout(next, PATIENCE_MS) : setTimeout(none, asked > 0 ? GIVE_UP_MS : 0);
        if (!tab) return;
        asked++;
        tab.askToken(stale).then(
          (token) => {
            clearTimeout(timer);
            resolve(token);
          },
          (error: unknown) => {
            asked--;
            if (!(error instanceof TokenRefused) && tabs.length + asked > 0) return next();
            clearTimeout(timer);
            reject(error);
          },
        );
      };
      next();
    });
  }
}
