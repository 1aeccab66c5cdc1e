import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, for the error message; a function when it depends on what was seen. */
  what: string | (() => string);
  /** Gives up after this many milliseconds. */
  timeout?: number;
  /** Milliseconds between two looks. */
  interval?: number;
}

/**
 * Looks again and again until `probe` returns something truthy.
 * @throws Error naming `what` when the time is up.
 */
export async function waitFor<T>(
  probe: () => T | Promise<T>,
  { what, timeout = 15_000, interval = 15 }: WaitOptions,
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value as Exclude<T, undefined | null | false | 0 | ''>;
    if (Date.now() >= deadline) {
      throw new Error(`waited ${timeout} ms in vain for ${typeof what === 'string' ? what : what()}`);
    }
    await delay(interval);
  }
}
