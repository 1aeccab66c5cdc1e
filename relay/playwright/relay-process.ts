import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const READY_TIMEOUT = 60_000;
const STOP_TIMEOUT = 10_000;
const OUTPUT_KEPT = 8_000;

/**
 * The relay's program: beside us where the package is built or installed, in `dist` where we run from the sources.
 * @throws Error when it has not been built
 */
export function relayProgram(): string {
  const places = ['../src/main.js', '../../dist/relay/src/main.js'].map((place) =>
    fileURLToPath(new URL(place, import.meta.url)),
  );
  const program = places.find((place) => existsSync(place));
  if (program === undefined) throw new Error(`${places.at(-1)} is missing: run "npm run build" first.`);
  return program;
}

/** A relay in a process of its own, started the way it is in production. It ends with this process at the latest. */
export class RelayProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** `http://127.0.0.1:…` */
    readonly url: string,
  ) {}

  /**
   * Starts it and waits until it is ready. RELAY_PORT is 0 (any free port) and RELAY_DRAIN_TIME 0 unless set.
   * @param settings its environment; RELAY_… and RABBITMQ_… of this process do not count.
   * @param onOutput gets what it prints.
   * @throws Error with the relay's own message or the end of its output when it cannot start
   */
  static async start(
    settings: Readonly<Record<string, string>>,
    onOutput: (chunk: Buffer) => void = () => {},
  ): Promise<RelayProcess> {
    const child = fork(relayProgram(), [], {
      // Loaders and inspectors of a test runner are not the relay's.
      execArgv: [],
      // Without a drain: a test that stops it has no time to spread reconnects over.
      env: { ...inherited(), RELAY_PORT: '0', RELAY_DRAIN_TIME: '0', ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    let output = '';
    const keep = (chunk: Buffer) => {
      onOutput(chunk);
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_KEPT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    try {
      return new RelayProcess(child, await ready(child));
    } catch (error) {
      await end(child, 'SIGKILL');
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The relay did not start: ${reason}\n${output}`);
    }
  }

  get port(): string {
    return new URL(this.url).port;
  }

  get running(): boolean {
    return isRunning(this.child);
  }

  /** SIGTERM, as an operator stops it. Rejects when the process does not go in time. */
  async stop(): Promise<void> {
    await end(this.child, 'SIGTERM');
  }

  /** SIGKILL: the relay gets no chance to say goodbye. */
  async kill(): Promise<void> {
    await end(this.child, 'SIGKILL');
  }
}

/** The environment without settings of a relay that may happen to be set in the shell. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(RELAY|RABBITMQ)_/.test(name)));
}

async function ready(child: ChildProcess): Promise<string> {
  const signal = AbortSignal.timeout(READY_TIMEOUT);
  const gone = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`it ended with ${String(code ?? by)}`);
  });
  const message = once(child, 'message', { signal }).then(([value]) => value as unknown);
  // Whichever loses the race must not become an unhandled rejection later.
  gone.catch(() => undefined);
  message.catch(() => undefined);
  const said = await Promise.race([message, gone]);
  if (typeof said === 'object' && said !== null && 'type' in said) {
    if (said.type === 'ready' && 'url' in said && typeof said.url === 'string') return said.url;
    if (said.type === 'failed' && 'message' in said) throw new Error(String(said.message));
  }
  throw new Error(`it said ${JSON.stringify(said)}`);
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT) });
  child.kill(signal);
  try {
    await exited;
  } catch {
    child.kill('SIGKILL');
    throw new Error(`The relay (process ${child.pid}) ignored ${signal} for ${STOP_TIMEOUT} ms.`);
  }
}
