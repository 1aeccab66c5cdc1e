import type { Logger } from '../logger.js';

const EVERY_MS = 60_000;

/** Says in the log which limits are at work, each once a minute at most: whoever is over one comes a thousand times. */
export class LimitLog {
  private readonly notes = new Map<string, { at: number; times: number }>();

  /** @param clock milliseconds since whenever, never going back */
  constructor(
    private readonly log: Logger,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /** @param limit the setting's name */
  note(limit: string): void {
    const note = this.notes.get(limit) ?? { at: Number.NEGATIVE_INFINITY, times: 0 };
    this.notes.set(limit, note);
    note.times++;
    if (this.clock() - note.at < EVERY_MS) return;
    this.log.warn({ limit, times: note.times }, 'a limit refuses clients; if they are welcome, raise it');
    note.at = this.clock();
    note.times = 0;
  }
}
