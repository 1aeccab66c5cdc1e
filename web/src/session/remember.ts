/** sessionStorage is a tab's own, so several tabs may be several people, and a reload keeps who it was. */
const KEY = 'relay.demo.user';

export function keepSignIn(user: string): void {
  attempt((storage) => storage.setItem(KEY, user));
}

export function recallSignIn(): string | undefined {
  return attempt((storage) => storage.getItem(KEY)) ?? undefined;
}

export function forgetSignIn(): void {
  attempt((storage) => storage.removeItem(KEY));
}

/** Browsers that block storage throw at every touch of it. */
function attempt<T>(use: (storage: Storage) => T): T | undefined {
  try {
    return use(sessionStorage);
  } catch {
    return undefined;
  }
}
