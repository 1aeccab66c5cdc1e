import { type DestinationStream, pino } from 'pino';

/** Bytes of log that wait for whoever reads it; what does not fit is dropped. */
const WAITING_MOST = 4 * 1024 * 1024;

/** Where a relay's log goes. */
export interface LogOutput {
  stream: DestinationStream;
  /** Resolves with true once everything is written, or with false after so many milliseconds. */
  written(timeout: number): Promise<boolean>;
}

/**
 * The log on this file descriptor, standard output by default.
 *
 * A log shipper that hangs must not stop the relay: written synchronously, the first line that does not fit into the pipe
 * halts the process, clients, SIGTERM and all, until somebody reads again.
 */
export function logOutput(fd = 1): LogOutput {
  let exiting = false;
  process.once('exit', () => {
    exiting = true;
  });
  const stream = pino.destination({
    dest: fd,
    sync: false,
    // Each line at once, and not 0: `flush` would not wait then.
    minLength: 1,
    maxLength: WAITING_MOST,
    // The last attempt, at the exit, is synchronous, and would be repeated for ever.
    retryEAGAIN: () => !exiting,
  });
  let dropped = 0;
  stream.on('drop', () => {
    dropped++;
  });
  stream.on('drain', () => {
    if (dropped === 0) return;
    const line = {
      level: 40,
      time: new Date().toISOString(),
      dropped,
      msg: 'log lines were dropped: nobody read them',
    };
    dropped = 0;
    stream.write(`${JSON.stringify(line)}\n`);
  });
  // Without a listener it would end the process: what the log cannot take is no reason to.
  stream.on('error', () => {});
  return {
    stream,
    written: (timeout) =>
      new Promise((resolve) => {
        setTimeout(() => resolve(false), timeout);
        stream.flush(() => resolve(true));
      }),
  };
}
