import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cleanup } from '../bench/environment.js';
import type { Broker } from '../rabbitmq/launcher/index.js';
import { CuttingProxy } from '../relay/test/support/proxy.js';

const MAIN = fileURLToPath(new URL('../relay/src/main.js', import.meta.url));
/** More than RELAY_START_TIMEOUT, after which the relay itself says what is missing. */
const START_MS = 90_000;
/** More than RELAY_DRAIN_TIME and the 5 s after which a relay that ends gives up. */
const LEAVE_MS = 20_000;
const STARTS = 5;
const KEPT_OUTPUT = 4000;

/** The two ways of a relay to the broker, each through something that cuts it. */
export interface Links {
  amqp: CuttingProxy;
  webStomp: CuttingProxy;
}

export async function openLinks(broker: Broker, cleanup: Cleanup): Promise<Links> {
  const amqp = await CuttingProxy.open(broker.amqpUrl);
  cleanup.add(() => amqp.close());
  const webStomp = await CuttingProxy.open(broker.webStompUrl);
  cleanup.add(() => webStomp.close());
  return { amqp, webStomp };
}

/**
 * A relay that always has the same address and each time it is started a name of its own, as a container that is
 * replaced. Whoever supervises it starts it again when it ends by itself; that is counted in `crashes`.
 */
export class KillableRelay {
  readonly crashes: string[] = [];
  private child: ChildProcess | undefined;
  private output = '';
  private wanted = false;
  private readonly file: WriteStream | undefined;

  constructor(
    readonly name: string,
    readonly port: number,
    readonly links: Links,
    private readonly settings: Record<string, string>,
    cleanup: Cleanup,
    logs: string | undefined,
  ) {
    this.file = logs === undefined ? undefined : createWriteStream(join(logs, `${name}.log`));
    cleanup.add(async () => {
      await this.kill();
      this.file?.end();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /**
   * Starts it and waits until it is ready; some times over, because the broker may go away meanwhile.
   * @throws Error with the end of the relay's own output.
   */
  async start(): Promise<void> {
    this.wanted = true;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.startOnce();
        return;
      } catch (error) {
        await this.end();
        const reason = error instanceof Error ? error.message : String(error);
        if (attempt === STARTS || !this.wanted) {
          throw new Error(`${this.name} did not start: ${reason}\n${this.output}`);
        }
        await delay(500);
      }
    }
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    this.wanted = false;
    await this.end();
  }

  /** SIGTERM; resolves when the process is gone. One that does not go by itself is killed, and counts as a crash. */
  async leave(): Promise<void> {
    this.wanted = false;
    const timer = setTimeout(() => {
      this.crashes.push(`${new Date().toISOString()} did not end: ${this.output.slice(-1000)}`);
      void this.end();
    }, LEAVE_MS);
    await this.end('SIGTERM');
    clearTimeout(timer);
  }

  private async startOnce(): Promise<void> {
    const child = fork(MAIN, [], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...inherited(),
        NODE_ENV: 'production',
        RELAY_PORT: String(this.port),
        RELAY_LOG_LEVEL: this.file ? 'info' : 'warn',
        RABBITMQ_URL: this.links.amqp.url,
        RABBITMQ_WEB_STOMP_URL: this.links.webStomp.url,
        ...this.settings,
      },
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk).slice(-KEPT_OUTPUT);
        this.file?.write(chunk);
      });
    }
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it took too long')), START_MS);
      child.on('error', reject);
      child.on('exit', (code, signal) => reject(new Error(`it ended (${signal ?? code})`)));
      child.on('message', (message: { type?: string; message?: string }) => {
        clearTimeout(timer);
        if (message.type === 'ready') resolve();
        else reject(new Error(message.message));
      });
    });
    child.once('exit', (code, signal) => {
      if (!this.wanted || this.child !== child) return;
      this.crashes.push(`${new Date().toISOString()} ${signal ?? code}: ${this.output.slice(-1000)}`);
      this.start().catch((error: Error) => this.crashes.push(error.message));
    });
  }

  private async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await gone;
  }
}

/** The environment without settings that happen to be there: those under test are the defaults and the run's own. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => name === 'RELAY_NODE_QUEUE_TYPE' || !/^(RELAY|RABBITMQ)_/.test(name),
    ),
  );
}
