import { type ReadonlySignal, signal } from '@preact/signals';
import { explain } from './ask.js';
import { afterEachConnect, whileSignedIn } from './session.js';

/** Something that a service holds and the page shows. */
export interface Remote {
  /** `ready` stays while it is fetched again: what is on the screen is still worth showing. */
  readonly status: ReadonlySignal<'loading' | 'ready' | 'failed'>;
  /** Why it failed, for people. */
  readonly problem: ReadonlySignal<string>;
  /** Fetches it again. Never rejects. */
  reload(): Promise<void>;
}

/**
 * Fetches something after every connect: what was pushed in between may have been missed.
 * @param load fetches it and puts it into its store, unless `current()` says that the person has signed out since
 */
export function keepLoaded(load: (current: () => boolean) => Promise<void>): Remote {
  const status = signal<'loading' | 'ready' | 'failed'>('loading');
  const problem = signal('');
  let turn = 0;
  const reload = async () => {
    turn += 1;
    const mine = turn;
    const current = () => mine === turn;
    if (status.value === 'failed') status.value = 'loading';
    try {
      await load(current);
      if (current()) status.value = 'ready';
    } catch (error) {
      if (!current()) return;
      problem.value = explain(error);
      if (status.value !== 'ready') status.value = 'failed';
    }
  };
  whileSignedIn(() => {
    const stop = afterEachConnect(() => void reload());
    return () => {
      stop();
      turn += 1;
      status.value = 'loading';
    };
  });
  return { status, problem, reload };
}
