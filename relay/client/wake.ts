/** Something that browsers' windows and workers have, and Node has not. */
interface Listenable {
  addEventListener(type: string, listener: () => void): void;
  removeEventListener(type: string, listener: () => void): void;
}

/** Calls back when the network is there again or the page is looked at: then waiting any longer makes no sense. */
export function onAwake(callback: () => void): () => void {
  const scope = globalThis as Partial<Listenable> & { document?: Listenable & { visibilityState: string } };
  const { document } = scope;
  const seen = () => {
    if (document?.visibilityState === 'visible') callback();
  };
  // Node has no events of its own on the global object; an application may have put some there.
  scope.addEventListener?.('online', callback);
  document?.addEventListener('visibilitychange', seen);
  return () => {
    scope.removeEventListener?.('online', callback);
    document?.removeEventListener('visibilitychange', seen);
  };
}

/** A wait that can be cut short. */
export class Pause {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private done: (() => void) | undefined;
  private fixed = false;

  /** @param fixed the relay asked for it: only `end` cuts it short, not `wake` */
  wait(milliseconds: number, fixed = false): Promise<void> {
    this.fixed = fixed;
    return new Promise((resolve) => {
      this.done = resolve;
      this.timer = setTimeout(() => this.end(), milliseconds);
    });
  }

  wake(): void {
    if (!this.fixed) this.end();
  }

  end(): void {
    clearTimeout(this.timer);
    this.done?.();
    this.done = undefined;
  }
}
