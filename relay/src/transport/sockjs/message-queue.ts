interface Waiting {
  readonly text: string;
  /** How many frames there are up to this one. */
  readonly mark: number;
  readonly bytes: number;
}

/** Messages that wait for an answer to carry them. */
export class MessageQueue {
  private waiting: Waiting[] = [];
  private head = 0;
  /** What waits, in bytes. */
  bytes = 0;

  get isEmpty(): boolean {
    return this.head === this.waiting.length;
  }

  add(text: string, mark: number, bytes: number): void {
    this.waiting.push({ text, mark, bytes });
    this.bytes += bytes;
  }

  /**
   * Takes messages from the front: one, and more as long as they are at most `most` bytes together.
   * @returns `mark` of the last of them; 0 for none
   */
  take(most: number): { texts: string[]; mark: number } {
    const texts: string[] = [];
    let mark = 0;
    let size = 0;
    for (; this.head < this.waiting.length; this.head++) {
      const next = this.waiting[this.head] as Waiting;
      size += next.bytes;
      if (size > most && texts.length > 0) break;
      texts.push(next.text);
      mark = next.mark;
      this.bytes -= next.bytes;
    }
    // Not at every take: moving the rest costs as much as it frees.
    if (this.head * 2 >= this.waiting.length) {
      this.waiting = this.waiting.slice(this.head);
      this.head = 0;
    }
    return { texts, mark };
  }
}
