import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { relayProgram } from '../../playwright/relay-process.js';
import { broker } from '../support/broker.js';
import { RawClient } from '../support/raw.js';
import { keepSecret } from '../support/run-log.js';
import { StompClient, type StompOptions } from '../support/stomp.js';
import { secretToken } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

export interface Hand {
  worker: number;
  pid: number;
  node: string;
}

/** A relay with workers, as a process of its own. */
export class Team {
  /** What it told us, ready or failed. */
  said: { type?: string; url?: string; message?: string; workers?: Hand[] } | undefined;
  output = '';
  private readonly clients: { drop(): void }[] = [];

  private constructor(
    readonly child: ChildProcess,
    private readonly secret: string,
  ) {
    child.on('message', (message: object) => {
      this.said ??= message;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk;
      });
    }
  }

  /** Starts it, and does not wait. */
  static launch(env: Record<string, string> = {}): Team {
    const { amqpUrl, webStompUrl, clientUsername, clientPassword } = broker();
    const secret = keepSecret(randomBytes(32).toString('hex'));
    const child = fork(relayProgram(), [], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        PATH: process.env.PATH,
        // What a run that is broken off leaves behind goes with the run.
        TMPDIR: tmpdir(),
        RELAY_WORKERS: '2',
        RELAY_PORT: '0',
        RELAY_DEMO: '1',
        RELAY_JWT_SECRET: secret,
        RABBITMQ_URL: amqpUrl,
        RABBITMQ_WEB_STOMP_URL: webStompUrl,
        RABBITMQ_CLIENT_USERNAME: clientUsername,
        RABBITMQ_CLIENT_PASSWORD: clientPassword,
        ...env,
      },
    });
    return new Team(child, secret);
  }

  static async start(env: Record<string, string> = {}): Promise<Team> {
    const team = Team.launch(env);
    await team.ready();
    return team;
  }

  async ready(): Promise<void> {
    await waitFor(() => this.said ?? this.child.exitCode, { what: 'the workers', timeout: 60_000 });
    if (this.said?.type !== 'ready') throw new Error(`they did not start:\n${this.output}`);
  }

  /** How it ends by itself: a code, or the signal that it died of. */
  async ended(): Promise<number | string> {
    const { child } = this;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    return child.exitCode ?? child.signalCode ?? 'unknown';
  }

  get url(): string {
    return this.said?.url ?? '';
  }

  get wsUrl(): string {
    return `${this.url.replace('http', 'ws')}/ws`;
  }

  get sockjsUrl(): string {
    return `${this.url}/sockjs`;
  }

  /** Every worker that was ever ready, by its lines in the log. */
  get hands(): Hand[] {
    const lines = this.output.split('\n').filter((line) => line.includes('"worker ready"'));
    return lines.map((line) => JSON.parse(line) as Hand);
  }

  token(user: string, claims = {}): Promise<string> {
    return secretToken(this.secret, { sub: user, ...claims });
  }

  async stomp(user: string, options: Partial<StompOptions> = {}): Promise<StompClient> {
    const client = await StompClient.open({
      url: options.sockjs ? this.sockjsUrl : this.wsUrl,
      connectHeaders: { Authorization: `Bearer ${await this.token(user)}` },
      ...options,
    });
    this.clients.push(client);
    return client;
  }

  /** A client of each worker, all of this user. */
  async everywhere(user: string, options: Partial<StompOptions> = {}): Promise<StompClient[]> {
    const found = new Map<string, StompClient>();
    for (let tries = 0; found.size < 2; tries++) {
      if (tries === 20) throw new Error(`20 connections in a row came to ${[...found.keys()].join()}`);
      const client = await this.stomp(user, options);
      const node = client.connected?.headers['relay-node'] ?? '';
      if (found.has(node)) await client.disconnect();
      else found.set(node, client);
    }
    return [...found.values()];
  }

  async raw(user: string): Promise<RawClient> {
    const headers = { authorization: `Bearer ${await this.token(user)}` };
    const client = await RawClient.open(this.wsUrl, { socket: { headers } });
    this.clients.push({ drop: () => client.destroy() });
    return client;
  }

  /** One answer as JSON, over a connection of its own. */
  async ask(method: string, path: string, user: string): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${await this.token(user)}`, connection: 'close' };
    const response = await fetch(this.url + path, { method, headers });
    return (await response.json()) as Record<string, unknown>;
  }

  async metric(series: string): Promise<number> {
    const page = await (await fetch(`${this.url}/metrics`, { headers: { connection: 'close' } })).text();
    const line = page.split('\n').find((one) => one.startsWith(`${series} `));
    return Number(line?.slice(series.length));
  }

  /** Sends the signal, and resolves when it has ended. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (const client of this.clients.splice(0)) client.drop();
    this.child.kill(signal);
    await this.ended();
  }
}

/** Whether there is a process with this id. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
