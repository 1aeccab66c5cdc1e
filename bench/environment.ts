import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '../rabbitmq/launcher/index.js';

/** A broker to measure on. URLs carry credentials. */
export interface BrokerPlace {
  amqpUrl: string;
  webStompUrl: string;
  managementUrl?: string | undefined;
  clientUsername?: string | undefined;
  clientPassword?: string | undefined;
  /** Of the Erlang machine; undefined for a broker that was given. */
  pid?: number | undefined;
}

/** Things to undo at the end of the run, the last one first, whatever ended it. */
export class Cleanup {
  private readonly steps: (() => Promise<void>)[] = [];
  private running: Promise<void> | undefined;

  /** `name`: of the program, for what it says about steps that fail. */
  constructor(private readonly name = 'bench') {}

  /** @throws Error when the end has begun, so that nothing new is started then. */
  add(step: () => Promise<void>): void {
    this.steps.push(step);
    this.check();
  }

  /** @throws Error when the end has begun. */
  check(): void {
    if (this.running) throw new Error('the run is ending');
  }

  /** Every step is tried; calling it again waits for the same end. */
  run(): Promise<void> {
    this.running ??= (async () => {
      for (let step = this.steps.pop(); step; step = this.steps.pop()) {
        await step().catch((error: unknown) => {
          process.stderr.write(
            `${this.name}: while ending: ${error instanceof Error ? error.message : error}\n`,
          );
        });
      }
    })();
    return this.running;
  }
}

/** Starts a private broker in a directory of its own, both gone after `cleanup`. */
export async function privateBroker(cleanup: Cleanup): Promise<BrokerPlace> {
  const dataDir = await mkdtemp(join(tmpdir(), 'relay-bench-'));
  cleanup.add(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5 }));
  const starting = startBroker({ dataDir });
  // Registered before it is up, so that Ctrl-C during the start does not leave it behind.
  cleanup.add(async () => {
    const broker: Broker | undefined = await starting.catch(() => undefined);
    await broker?.stop();
  });
  return starting;
}

/**
 * The broker that the environment names.
 * @throws Error naming the variable that is missing, or that points to another machine: the load is only
 * for brokers on this one.
 */
export function givenBroker(env: NodeJS.ProcessEnv): BrokerPlace {
  const need = (name: string, scheme: string) => {
    const value = env[name];
    if (!value) throw new Error(`--broker needs ${name}, for example ${scheme}//user:password@127.0.0.1:…`);
    return loopback(name, value, scheme);
  };
  const managementUrl = env.RABBITMQ_MANAGEMENT_URL;
  return {
    amqpUrl: need('RABBITMQ_URL', 'amqp:'),
    webStompUrl: need('RABBITMQ_WEB_STOMP_URL', 'ws:'),
    managementUrl: managementUrl && loopback('RABBITMQ_MANAGEMENT_URL', managementUrl, 'http:'),
    clientUsername: env.RABBITMQ_CLIENT_USERNAME,
    clientPassword: env.RABBITMQ_CLIENT_PASSWORD,
  };
}

function loopback(name: string, value: string, scheme: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== scheme) throw new Error(`${name} takes a URL that starts with ${scheme}//`);
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) {
    throw new Error(`${name} names ${url.hostname}, but the benchmark puts load on this machine only`);
  }
  return value;
}
