/** Web Locks, which the browser lets go of when their holder dies, however that happens. Not on pages without TLS. */
const locks = (): LockManager | undefined =>
  (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks;

/**
 * Holds a lock until the answer is called, or this page or worker ends.
 * @param onHeld is told when it is held: never where there are no locks
 */
export function holdLock(name: string, onHeld: () => void): () => void {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  locks()
    ?.request(name, () => {
      onHeld();
      return held;
    })
    .catch(() => {});
  return release;
}

/** Holds a lock until this worker ends. Resolves with its name once it is held, with undefined where that cannot be. */
export async function holdForLife(name: string): Promise<string | undefined> {
  const manager = locks();
  if (!manager) return undefined;
  return new Promise((resolve) => {
    const held = () => {
      resolve(name);
      return new Promise<void>(() => {});
    };
    manager.request(name, held).catch(() => resolve(undefined));
  });
}

/** Calls back when whoever holds the lock has let go of it; false where there are no locks. */
export function whenReleased(name: string, then: () => void): boolean {
  const manager = locks();
  manager?.request(name, () => then()).catch(() => {});
  return manager !== undefined;
}
