import type { LogOutput } from './log-output.js';
import type { Logger } from './logger.js';

/** How long a relay without clients may take to leave in order, in milliseconds; the broker's part of it is bounded by the hub. */
const LEAVE_MS = 5000;
/** How long the last lines of the log may take. */
const LAST_LINES_MS = 500;

/** What a process has to end. */
export interface Ending {
  /** Lets the clients go, spread over so many milliseconds. */
  drain?(time: number): Promise<void>;
  close(): Promise<void>;
}

/** Ends this process in order when it is told to, and some time after that in any case. */
export class ProcessEnd {
  private leaving = false;
  private relay: Ending | undefined;
  private drainTime = 0;

  private constructor(
    private readonly log: Logger,
    private readonly output: LogOutput,
  ) {}

  /**
   * From now on SIGTERM and SIGINT end the process: before the relay is there, too, because the first process of a
   * container is not ended by a signal that it does not handle.
   * @param signals where they come from, when not from the system itself
   */
  static onSignal(log: Logger, output: LogOutput, signals: NodeJS.EventEmitter = process): ProcessEnd {
    const end = new ProcessEnd(log, output);
    signals.on('SIGTERM', () => end.leave('SIGTERM'));
    signals.on('SIGINT', () => end.leave('SIGINT'));
    // Whoever started this process with an IPC channel is gone: nobody would end it otherwise.
    signals.on('disconnect', () => end.leave('disconnect', 0));
    return end;
  }

  /**
   * What is closed first. Until then there is nothing that others would miss.
   * @param drainTime RELAY_DRAIN_TIME
   */
  closes(relay: Ending, drainTime = 0): void {
    this.relay = relay;
    this.drainTime = drainTime;
  }

  private leave(reason: string, drainTime = this.drainTime): void {
    if (this.leaving) {
      void this.exit(1);
      return;
    }
    this.leaving = true;
    this.log.info({ reason }, 'leaving');
    const most = drainTime + LEAVE_MS;
    setTimeout(() => {
      this.log.error(`could not leave within ${most} ms`);
      void this.exit(1);
    }, most);
    this.end(drainTime).then(
      () => this.exit(0),
      (error: unknown) => {
        this.log.error({ err: error }, 'could not leave in order');
        return this.exit(1);
      },
    );
  }

  private async end(drainTime: number): Promise<void> {
    if (drainTime > 0) await this.relay?.drain?.(drainTime);
    await this.relay?.close();
  }

  private exit(code: number): Promise<void> {
    return exitWritten(this.output, code);
  }
}

/** Ends this process once its log is written. */
export async function exitWritten(output: LogOutput, code: number): Promise<void> {
  // A write into a full pipe may have a thread of Node's, for which process.exit() would wait until somebody reads.
  if (!(await output.written(LAST_LINES_MS))) process.kill(process.pid, 'SIGKILL');
  process.exit(code);
}
