/** A value that changes: read it at once, or be told. */
export interface Readable<T> {
  readonly value: T;
  /** Calls `listener` at once with the value, then with every other one. The answer stops it. */
  subscribe(listener: (value: T) => void): () => void;
}

export class Observable<T> implements Readable<T> {
  private readonly listeners = new Set<{ readonly call: (value: T) => void }>();

  constructor(private current: T) {}

  get value(): T {
    return this.current;
  }

  set(value: T): void {
    this.current = value;
    for (const listener of this.listeners) {
      try {
        listener.call(value);
      } catch (error) {
        // The listener's own affair, told as such: what is being done here must not stop half-way.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  subscribe(call: (value: T) => void): () => void {
    // An object of its own, so that one function may listen twice.
    const listener = { call };
    this.listeners.add(listener);
    call(this.current);
    return () => this.listeners.delete(listener);
  }
}
