import type { LogOutput } from './log-output.js';
import type { Logger } from './logger.js';

/** How long a relay may take to leave in order, in milliseconds; the broker's part of it is bounded by the hub. */
const LEAVE_MS = 5000;
/** How long the last lines of the log may take. */
const LAST_LINES_MS = 500;

/** Ends this process in order when it is told to, and after `LEAVE_MS` in any case. */
export class ProcessEnd {
  private leaving = false;
  private relay: { close(): Promise<void> } | undefined;

  private constructor(
    private readonly log: Logger,
    private readonly output: LogOutput,
  ) {}

  /**
   * From now on SIGTERM and SIGINT end the process: before the relay is there, too, because the first process of a
   * container is not ended by a signal that it does not handle.
   */
  static onSignal(log: Logger, output: LogOutput): ProcessEnd {
    const end = new ProcessEnd(log, output);
    process.on('SIGTERM', () => end.leave('SIGTERM'));
    process.on('SIGINT', () => end.leave('SIGINT'));
    // Whoever started this process with an IPC channel is gone: nobody would end it otherwise.
    process.on('disconnect', () => end.leave('disconnect'));
    return end;
  }

  /** What is closed first. Until then there is nothing that others would miss. */
  closes(relay: { close(): Promise<void> }): void {
    this.relay = relay;
  }

  private leave(reason: string): void {
    if (this.leaving) {
      void this.exit(1);
      return;
    }
    this.leaving = true;
    this.log.info({ reason }, 'leaving');
    setTimeout(() => {
      this.log.error(`could not leave within ${LEAVE_MS} ms`);
      void this.exit(1);
    }, LEAVE_MS);
    Promise.resolve(this.relay?.close()).then(
      () => this.exit(0),
      (error: unknown) => {
        this.log.error({ err: error }, 'could not leave in order');
        return this.exit(1);
      },
    );
  }

  private async exit(code: number): Promise<void> {
    // A write into a full pipe may have a thread of Node's, for which process.exit() would wait until somebody reads.
    if (!(await this.output.written(LAST_LINES_MS))) process.kill(process.pid, 'SIGKILL');
    process.exit(code);
  }
}
