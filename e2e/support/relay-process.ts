import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const main = fileURLToPath(new URL('dist/relay/src/main.js', root));
/** The runner empties it at the start; what the relays say stays there for whoever has a failure to explain. */
const logs = new URL('test-results/', root);
const page = fileURLToPath(new URL('dist/web/index.html', root));

const READY_TIMEOUT = 60_000;
const STOP_TIMEOUT = 10_000;
const OUTPUT_KEPT = 8_000;

/** Throws when the relay or its page has not been built. */
export function assertBuilt(): void {
  for (const file of [main, page]) {
    if (!existsSync(file)) throw new Error(`${file} is missing: run "npm run build" first.`);
  }
}

/** A relay in a process of its own, started the way it is in production. */
export class RelayProcess {
  private constructor(
    private readonly child: ChildProcess,
    /** `http://127.0.0.1:…` */
    readonly url: string,
  ) {}

  /**
   * Starts `dist/relay/src/main.js` and waits until it is ready. RELAY_PORT is 0 (any free port) unless set.
   * Rejects with the relay's own message or the end of its output when it cannot start.
   */
  static async start(settings: Record<string, string>): Promise<RelayProcess> {
    const child = fork(main, [], {
      env: { ...inherited(), RELAY_PORT: '0', ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    mkdirSync(logs, { recursive: true });
    const log = createWriteStream(new URL(`relay-${child.pid}.log`, logs));
    let output = '';
    const keep = (chunk: Buffer) => {
      log.write(chunk);
      output = (output + chunk.toString('utf8')).slice(-OUTPUT_KEPT);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('close', () => log.end());
    try {
      return new RelayProcess(child, await ready(child));
    } catch (error) {
      await end(child, 'SIGKILL');
      throw new Error(`The relay did not start: ${String(error)}\n${output}`);
    }
  }

  get port(): string {
    return new URL(this.url).port;
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

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_TIMEOUT) });
  child.kill(signal);
  try {
    await exited;
  } catch {
    child.kill('SIGKILL');
    throw new Error(`The relay (process ${child.pid}) ignored ${signal} for ${STOP_TIMEOUT} ms.`);
  }
}
