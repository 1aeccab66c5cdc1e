import type { RelayConfig } from '../config.js';
import type { LogOutput } from '../log-output.js';
import type { Logger } from '../logger.js';
import { exitWritten } from '../process-end.js';
import { Crew, type Hand } from './crew.js';

export type { Hand } from './crew.js';

/** What a worker may take to leave beyond the time that it is given to drain, in milliseconds. */
const LEAVE_MS = 10_000;

/**
 * Makes this process the first of a relay with RELAY_WORKERS workers; resolves when all are ready. From now on signals go to
 * the workers, and this process ends with them: with code 0 when all have left in order.
 * @param program the module that is this program
 * @throws Error when the port or the first worker cannot be had
 */
export async function runCrew(
  program: string,
  config: RelayConfig,
  log: Logger,
  output: LogOutput,
): Promise<{ url: string; node: string; workers: readonly Hand[] }> {
  const patience = config.env.RELAY_DRAIN_TIME + LEAVE_MS;
  const crew = await Crew.open(config, log, { program, patience });
  const leave = (reason: string) => crew.leave(reason);
  const onDisconnect = () => leave('disconnect');
  process.on('SIGTERM', leave).on('SIGINT', leave).on('disconnect', onDisconnect);
  // It has hardly anything to log itself.
  process.on('SIGUSR2', () => {
    // One that does not listen to it yet would end.
    for (const { pid, node } of crew.hands) if (node !== '') process.kill(pid, 'SIGUSR2');
  });
  void crew.over().then((inOrder) => exitWritten(output, inOrder ? 0 : 1));
  try {
    await crew.start();
  } catch (error) {
    // It would keep this process, which has nothing left to do.
    process.off('disconnect', onDisconnect);
    throw error;
  }
  const workers = crew.hands;
  return { url: crew.url, node: workers.map(({ node }) => node).join(','), workers };
}
