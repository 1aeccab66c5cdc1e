import type { Figures, Standing, ToWorker } from './messages.js';
import { Totals } from './totals.js';

/** How long a worker may take to tell its metrics, in milliseconds; then those of the last time count. */
const ANSWER_MS = 2000;

interface Asked {
  readonly pid: number;
  tell(message: ToWorker): void;
}

/** Asks all workers for their metrics, for one that was asked. */
export class Scrapes {
  private readonly totals = new Totals();
  private readonly answers = new Map<number, () => void>();
  private running: Promise<string> | undefined;

  constructor(private readonly standing: () => Standing) {}

  /** The metrics of all. Whoever asks while others wait gets the same. */
  page(workers: readonly Asked[]): Promise<string> {
    this.running ??= this.gather(workers).finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  answer({ pid }: Asked, figures: Figures): void {
    this.totals.note(pid, figures);
    this.answers.get(pid)?.();
  }

  /** This worker has ended. */
  async retire({ pid }: Asked): Promise<void> {
    this.answers.get(pid)?.();
    await this.totals.retire(pid);
  }

  private async gather(workers: readonly Asked[]): Promise<string> {
    await Promise.all(workers.map((worker) => this.ask(worker)));
    return this.totals.page(this.standing());
  }

  private ask(worker: Asked): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.answers.delete(worker.pid);
        resolve();
      };
      const timer = setTimeout(done, ANSWER_MS);
      this.answers.set(worker.pid, done);
      worker.tell({ type: 'count' });
    });
  }
}
