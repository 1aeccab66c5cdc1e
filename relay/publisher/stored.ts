import type { Capacity } from './capacity.js';
import { Delivery, type Outcome } from './delivery.js';
import type { PublishError } from './errors.js';
import type { Lanes } from './lanes.js';
import { type Message, sizeOf } from './message.js';
import type { Limits } from './options.js';
import type { Outbox } from './outbox.js';
import { Moment, type Route, type Submission } from './route.js';

/** Messages that are read from the disk at once. */
const PAGE = 500;
/** Milliseconds until a disk that could not be read is asked again. */
const RETRY_MS = 1000;

/**
 * By way of the disk. What is on disk is sent in the order in which it was put there; as much of it as the memory may hold is in
 * the lanes, and the rest is read when there is room.
 */
export class StoredRoute implements Route {
  /** Something is on disk after `loadedUpTo`. */
  private behind: boolean;
  private loadedUpTo = 0;
  private loaded = { messages: 0, bytes: 0 };
  /** To be sent, or on the way to the disk. */
  private open: number;
  private readonly empty = new Moment();
  /** Calls that wait for the confirm, by sequence. */
  private readonly waiting = new Map<number, (outcome: Outcome) => void>();
  private loading = false;
  private closed = false;

  /** @param capacity of the disk; what is there already has been counted. @param buffer of the memory */
  constructor(
    private readonly lanes: Lanes,
    private readonly outbox: Outbox,
    private readonly capacity: Capacity,
    private readonly buffer: Required<Limits>,
    private readonly onRefused: (error: PublishError, messageId: string) => void,
  ) {
    this.open = capacity.held.messages;
    this.behind = this.open > 0;
    this.load();
  }

  get held() {
    return this.capacity.held;
  }

  submit(message: Message, until: 'accepted' | 'confirmed', onEnd: (outcome: Outcome) => void): Submission {
    let sequence: number | undefined;
    const enter = () => {
      sequence = this.lanes.nextSequence();
      if (until === 'confirmed') this.waiting.set(sequence, onEnd);
      this.append(sequence, message, (error) => {
        if (error || until === 'accepted') onEnd(error);
      });
    };
    const leave = this.capacity.take(sizeOf(message), enter);
    // Those that wait for room are counted, too: they are to be sent.
    this.open += 1;
    return {
      cancel: () => {
        if (sequence === undefined) {
          leave();
          this.ended();
          return false;
        }
        // What is on its way to the disk is as good as accepted.
        this.waiting.delete(sequence);
        return true;
      },
    };
  }

  room(): Promise<void> {
    return this.capacity.room(0);
  }

  drained(): Promise<void> {
    return this.empty.wait(this.open === 0);
  }

  close(): void {
    this.closed = true;
    this.outbox.close();
  }

  private append(sequence: number, message: Message, done: (error: Outcome) => void): void {
    this.outbox.append(sequence, message, (error) => {
      if (error) {
        this.waiting.delete(sequence);
        this.capacity.release(1, sizeOf(message));
        this.ended();
      } else this.stored(sequence, message);
      done(error);
    });
  }

  private stored(sequence: number, message: Message): void {
    if (this.closed || sequence <= this.loadedUpTo) return;
    if (this.behind || !this.fits()) this.behind = true;
    else this.send(sequence, message);
  }

  private load(): void {
    // A message that is over at once would have the next page come in before the rest of this one.
    if (this.loading) return;
    this.loading = true;
    try {
      while (this.behind && !this.closed && this.fits()) {
        const page = this.outbox.read(this.loadedUpTo, PAGE);
        this.behind = page.length === PAGE;
        for (const { sequence, message } of page) this.send(sequence, message);
      }
    } catch {
      // A disk that cannot be read for the moment: what is on it is not given up.
      setTimeout(() => this.load(), RETRY_MS).unref();
    } finally {
      this.loading = false;
    }
  }

  private send(sequence: number, message: Message): void {
    const bytes = sizeOf(message);
    this.loadedUpTo = sequence;
    this.loaded.messages += 1;
    this.loaded.bytes += bytes;
    this.lanes.add(
      new Delivery(sequence, message, (outcome) => {
        this.loaded.messages -= 1;
        this.loaded.bytes -= bytes;
        this.settle(sequence, message, outcome);
      }),
    );
  }

  private settle(sequence: number, message: Message, outcome: Outcome): void {
    const waiting = this.waiting.get(sequence);
    this.waiting.delete(sequence);
    // What the broker refuses stays on disk, where somebody can look for it.
    if (!outcome || outcome.code === 'ERR_EXPIRED') {
      this.outbox.remove(sequence);
      this.capacity.release(1, sizeOf(message));
    } else if (!waiting) {
      const { messageId } = message.properties;
      // Later: what it throws must not stop what is done here.
      queueMicrotask(() => this.onRefused(outcome, messageId));
    }
    this.ended();
    waiting?.(outcome);
    // Pages at a time, not message by message.
    if (this.behind && this.loaded.messages <= this.buffer.messages / 2) this.load();
  }

  private fits(): boolean {
    return this.loaded.messages < this.buffer.messages && this.loaded.bytes < this.buffer.bytes;
  }

  private ended(): void {
    this.open -= 1;
    if (this.open === 0) this.empty.come();
  }
}
