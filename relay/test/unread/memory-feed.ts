import type { ChangeFeed } from '../../src/unread/changes.js';

/** Notes what is announced and who is followed. */
export class MemoryFeed implements ChangeFeed {
  readonly announced: [string, string[]][] = [];
  /** One entry for every `follow` that was not taken back. */
  readonly following: string[] = [];
  /** What `follow` rejects with, when set. */
  failure: Error | undefined;
  /** Awaited by `follow` before it answers. */
  gate: Promise<void> = Promise.resolve();

  async follow(userWord: string): Promise<void> {
    this.following.push(userWord);
    await this.gate;
    if (this.failure) throw this.failure;
  }

  unfollow(userWord: string): void {
    const at = this.following.indexOf(userWord);
    if (at < 0) throw new Error(`${userWord} is not followed`);
    this.following.splice(at, 1);
  }

  announce(userWord: string, rests: string[]): void {
    this.announced.push([userWord, rests]);
  }
}
