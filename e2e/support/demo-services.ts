import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { childLog } from './child-log.js';

const main = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url));
const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 10_000;

/** Orders move in a second or two, and the bank needs one. */
const SPEED = '3';

/** Starts the shop's services, as `npm start` does. The answer ends them. */
export async function startDemoServices(amqpUrl: string, dataFolder: string): Promise<() => Promise<void>> {
  const child = fork(main, [], {
    execArgv: [],
    env: { ...process.env, AMQP_URL: amqpUrl, DEMO_DATA: dataFolder, DEMO_SPEED: SPEED },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const log = childLog('demo');
  child.stdout?.on('data', log);
  child.stderr?.on('data', log);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT) });
    child.kill('SIGTERM');
    await exited.catch((error: unknown) => {
      child.kill('SIGKILL');
      throw error;
    });
  };
  const signal = AbortSignal.timeout(START_TIMEOUT);
  const gone = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`The demo's services ended with ${String(code ?? by)}; see demo-….log in test-results.`);
  });
  gone.catch(() => undefined);
  try {
    const said = await Promise.race([once(child, 'message', { signal }), gone]);
    const [message] = said as [{ type?: unknown; message?: unknown }];
    if (message.type !== 'ready')
      throw new Error(`The demo's services did not start: ${String(message.message)}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
