export interface Flushable {
  flush(shared: SharedWrites): void;
}

/**
 * Writes of one turn of the event loop go out together: one system call per client instead of one per frame.
 */
export class WriteScheduler {
  private dirty: Flushable[] = [];
  private scheduled = false;
  private readonly shared = new SharedWrites();

  add(transport: Flushable): void {
    this.dirty.push(transport);
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.run);
  }

  private readonly run = (): void => {
    this.scheduled = false;
    const transports = this.dirty;
    this.dirty = [];
    for (const transport of transports) transport.flush(this.shared);
    this.shared.clear();
  };
}

/**
 * Joins pieces into one buffer, and gives the same buffer again when the next client is to get the very same
 * pieces: in a fan-out a thousand clients share one copy.
 */
export class SharedWrites {
  private pieces: readonly Buffer[] = [];
  private joined: Buffer | undefined;

  join(pieces: readonly Buffer[]): Buffer {
    if (this.joined && sameList(this.pieces, pieces)) return this.joined;
    this.pieces = pieces.slice();
    this.joined = Buffer.concat(pieces as Buffer[]);
    return this.joined;
  }

  clear(): void {
    this.pieces = [];
    this.joined = undefined;
  }
}

function sameList(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
