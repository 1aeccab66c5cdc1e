import type { Registry } from 'prom-client';

/** One process's metrics, as they go from process to process. */
export type Figures = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** How many workers of this port can serve, of how many. */
export interface Standing {
  readonly ready: number;
  readonly of: number;
}

/** How often a worker says that it is alive, in milliseconds. */
export const ALIVE_EVERY_MS = 2000;

/** What a worker tells the process that started it. */
export type FromWorker =
  /** Comes every `ALIVE_EVERY_MS`, whatever else it does: a worker that does not say so hangs. */
  | { readonly type: 'alive' }
  /** Its server is there: it answers, though it may not be ready to serve. */
  | { readonly type: 'open' }
  | { readonly type: 'ready'; readonly node: string }
  | { readonly type: 'failed'; readonly message: string }
  /** It is on its way out, and takes connections only where nobody else does. */
  | { readonly type: 'leaving' }
  /** It takes none any more. */
  | { readonly type: 'closed' }
  /** It has the connection of this number; how many are open with it. */
  | { readonly type: 'took'; readonly id: number; readonly sockets: number }
  /** Some have ended since; how many are open now. */
  | { readonly type: 'lost'; readonly sockets: number }
  /** Somebody asks for the metrics of all. */
  | { readonly type: 'scrape' }
  | { readonly type: 'figures'; readonly figures: Figures };

/** What it is told. */
export type ToWorker =
  /** Comes with a socket, which is missing when the client has gone in between. */
  | { readonly type: 'connection'; readonly id: number }
  /** As a signal would; `again`: at once. */
  | { readonly type: 'leave'; readonly again: boolean }
  | ({ readonly type: 'standing' } & Standing)
  | { readonly type: 'count' }
  | { readonly type: 'page'; readonly text: string };

/** How the program is started as a worker: `worker <slot> <of> <port> <folder>`. */
export interface WorkerArguments {
  /** Which of the workers it is, counted from 0. A replaced worker has the slot of its predecessor. */
  readonly slot: number;
  readonly of: number;
  /** The one that all of them serve. */
  readonly port: number;
  /** Where workers reach each other. */
  readonly folder: string;
}

export const WORKER = 'worker';

export function writeArguments({ slot, of, port, folder }: WorkerArguments): string[] {
  return [WORKER, String(slot), String(of), String(port), folder];
}

/** @param args those that follow `worker` */
export function readArguments([slot, of, port, folder = '']: readonly string[]): WorkerArguments {
  return { slot: Number(slot), of: Number(of), port: Number(port), folder };
}
