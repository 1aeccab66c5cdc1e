/** A value that changes: read it at once, or be told. Fits React's `useSyncExternalStore` and Svelte's store contract. */
export interface Readable<T> {
  readonly value: T;
  /** Calls `listener` at once with the value, then with every other one. The answer stops it. */
  subscribe(listener: (value: T) => void): () => void;
}

/** A listener that throws must not keep the others from being told, nor upset who tells them. */
export function guard<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
  }
}

/** A value that changes, and who wants to know. */
export class Value<T> implements Readable<T> {
  private readonly listeners = new Set<{ tell: (value: T) => void }>();

  /** @param onWatched is told when the first listener comes and when the last one has gone. */
  constructor(
    private current: T,
    private readonly onWatched?: (watched: boolean) => void,
  ) {}

  get value(): T {
    return this.current;
  }

  get watched(): boolean {
    return this.listeners.size > 0;
  }

  set(next: T): void {
    if (Object.is(next, this.current)) return;
    this.current = next;
    this.tell(next);
  }

  /** Tells all listeners something without keeping it. */
  tell(value: T): void {
    for (const { tell } of [...this.listeners]) guard(tell, value);
  }

  /** Bound, so that it can be handed to `useSyncExternalStore` as it is. */
  readonly subscribe = (listener: (value: T) => void): (() => void) => {
    const stop = this.listen(listener);
    guard(listener, this.current);
    return stop;
  };

  /** `subscribe` without the present value. */
  listen(tell: (value: T) => void): () => void {
    const entry = { tell };
    this.listeners.add(entry);
    if (this.listeners.size === 1) this.onWatched?.(true);
    return () => {
      if (this.listeners.delete(entry) && this.listeners.size === 0) this.onWatched?.(false);
    };
  }
}
