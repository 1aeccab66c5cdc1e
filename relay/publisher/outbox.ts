import { PublishError } from './errors.js';
import type { Message } from './message.js';
import type { OutboxStore, StoredMessage } from './store.js';

interface Pending extends StoredMessage {
  readonly done: (error: PublishError | undefined) => void;
}

/** Milliseconds that what is confirmed may stay on disk when nothing else is written: it costs duplicates at worst. */
const REMOVE_MS = 50;
/** Milliseconds until a disk that refused is tried again. */
const RETRY_MS = 1000;

/**
 * Writes to the store in groups: everything that comes within one turn of the event loop shares one commit, because a disk takes
 * about as long for a thousand messages as for one.
 */
export class Outbox {
  private added: Pending[] = [];
  private removed: number[] = [];
  private turn: NodeJS.Immediate | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly store: Pick<OutboxStore, 'write' | 'read' | 'close'>) {}

  /** `done` is called when it is on disk, or cannot be put there; in the order of the calls. */
  append(sequence: number, message: Message, done: (error: PublishError | undefined) => void): void {
    this.added.push({ sequence, message, done });
    this.turn ??= setImmediate(() => this.flush());
  }

  /** It need not be kept any more. */
  remove(sequence: number): void {
    this.removed.push(sequence);
    if (this.removed.length >= 1000) this.turn ??= setImmediate(() => this.flush());
    else this.timer ??= setTimeout(() => this.flush(), REMOVE_MS);
  }

  read(after: number, limit: number): StoredMessage[] {
    return this.store.read(after, limit);
  }

  /** Writes what is not on disk yet, and lets go of the file. */
  close(): void {
    this.flush();
    clearTimeout(this.timer);
    this.store.close();
  }

  private flush(): void {
    clearImmediate(this.turn);
    clearTimeout(this.timer);
    this.turn = undefined;
    this.timer = undefined;
    const { added, removed } = this;
    if (added.length === 0 && removed.length === 0) return;
    this.added = [];
    this.removed = [];
    let failure: PublishError | undefined;
    try {
      this.store.write(added, removed);
    } catch (error) {
      failure = new PublishError('ERR_OUTBOX', `the outbox cannot be written: ${(error as Error).message}`, {
        cause: error,
      });
      this.removed = [...removed, ...this.removed];
      this.timer = setTimeout(() => this.flush(), RETRY_MS);
    }
    for (const { done } of added) done(failure);
  }
}
