/** How many reply addresses a session remembers; the oldest are forgotten. */
const REMEMBERED = 100;

/**
 * Where a client was asked to reply. It may send there and to no other reply queue, so that guessing the name
 * of somebody's temporary queue leads nowhere.
 */
export class Replies {
  private readonly targets = new Set<string>();

  remember(replyTo: string | undefined): void {
    if (!replyTo?.startsWith('/reply-queue/')) return;
    this.targets.delete(replyTo);
    this.targets.add(replyTo);
    if (this.targets.size <= REMEMBERED) return;
    for (const oldest of this.targets) {
      this.targets.delete(oldest);
      return;
    }
  }

  has(destination: string): boolean {
    return this.targets.has(destination);
  }
}
