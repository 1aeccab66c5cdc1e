import { type ChildProcess, fork } from 'node:child_process';
import type { BrokerPlace, Cleanup } from './environment.js';
import { family, processorSeconds, residentBytes } from './processes.js';

const MAIN = new URL('../relay/src/main.js', import.meta.url);
const START_SECONDS = 30;
const STOP_SECONDS = 8;
const KEPT_OUTPUT = 4000;

export interface RelayProcessOptions {
  /** Settings that replace those below. */
  settings?: Record<string, string>;
  /** Arguments of Node itself. */
  execArgv?: string[];
  /** Is given what the relay prints, as it comes. */
  onOutput?: (text: string) => void;
}

/** One relay process of the run's own, on a free port, with the demo's access rules unless `settings` has others. */
export class RelayProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** @throws Error with the end of the relay's own output when it does not come up. */
  static async start(
    broker: BrokerPlace,
    secret: string,
    cleanup: Cleanup,
    { settings = {}, execArgv = [], onOutput = () => {} }: RelayProcessOptions = {},
  ): Promise<RelayProcess> {
    // The settings under test are the defaults; only the kind of node queue is worth comparing.
    const inherited = Object.entries(process.env).filter(
      ([name]) => name === 'RELAY_NODE_QUEUE_TYPE' || !/^(RELAY|RABBITMQ)_/.test(name),
    );
    const child = fork(MAIN, [], {
      execArgv,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...Object.fromEntries(inherited),
        NODE_ENV: 'production',
        RELAY_PORT: '0',
        RELAY_DEMO: '1',
        RELAY_JWT_SECRET: secret,
        RELAY_LOG_LEVEL: 'warn',
        RELAY_DRAIN_TIME: '0',
        RABBITMQ_URL: broker.amqpUrl,
        RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
        RABBITMQ_MANAGEMENT_URL: broker.managementUrl,
        RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
        RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
        ...settings,
      },
    });
    // Registered before it is up, so that Ctrl-C during the start does not leave it behind.
    cleanup.add(() => end(child));
    let output = '';
    const keep = (chunk: Buffer) => {
      output = (output + chunk).slice(-KEPT_OUTPUT);
      onOutput(chunk.toString());
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    try {
      const url = await new Promise<string>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('it took too long')), START_SECONDS * 1000);
        child.on('error', reject);
        child.on('exit', (code, signal) => reject(new Error(`it ended (${signal ?? code})`)));
        child.on('message', (message: { type?: string; url?: string; message?: string }) => {
          clearTimeout(timer);
          if (message.type === 'ready' && message.url) resolve(message.url);
          else if (message.type === 'failed') reject(new Error(message.message));
        });
      });
      return new RelayProcess(child, url);
    } catch (error) {
      await end(child);
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The relay did not start: ${reason}\n${output}`);
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Bytes of memory that the process and its workers hold (resident set). */
  memory(): number {
    return this.overAll(residentBytes);
  }

  /** CPU seconds that the process and its workers have used. */
  cpuSeconds(): number {
    return this.overAll(processorSeconds);
  }

  /** How it ended: exit code or signal; undefined while it runs. */
  get ended(): string | undefined {
    const { exitCode, signalCode } = this.child;
    return signalCode ?? (exitCode === null ? undefined : String(exitCode));
  }

  /** Without a chance to say farewell. */
  async kill(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.kill('SIGKILL');
    await gone;
  }

  async stop(): Promise<void> {
    await end(this.child);
  }

  private overAll(read: (pid: number) => number): number {
    const { pid } = this.child;
    return pid === undefined ? 0 : family(pid).reduce((sum, one) => sum + read(one), 0);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_SECONDS * 1000);
  await gone;
  clearTimeout(timer);
}
