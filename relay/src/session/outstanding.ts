/** What is still on its way for one session, and who waits for the end of it. */
export class Outstanding {
  /** Frames whose RECEIPT depends on the broker. */
  frames = 0;
  /** SUBSCRIBEs that the broker has not confirmed yet. */
  subscriptions = 0;
  private waiting: (() => void)[] | undefined;

  constructor(private readonly unproven: { readonly size: number }) {}

  /** To be called whenever something has come to its end. */
  check(): void {
    if (this.waiting && this.nothing) this.giveUp();
  }

  /**
   * Resolves when everything is confirmed and proved, or given up, at the latest after `limit` milliseconds; true when
   * no frame waits for the broker any more.
   */
  async settled(limit: number): Promise<boolean> {
    if (this.nothing) return true;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.waiting ??= [];
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.frames === 0;
  }

  /** Nothing more will come to an end. */
  giveUp(): void {
    for (const resolve of this.waiting?.splice(0) ?? []) resolve();
  }

  /** Whether everything is confirmed and proved. */
  get nothing(): boolean {
    return this.frames === 0 && this.subscriptions === 0 && this.unproven.size === 0;
  }
}
