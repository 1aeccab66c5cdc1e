import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Broker, startBroker } from '../../rabbitmq/launcher/index.js';
import { relayProgram } from '../playwright/relay-process.js';
import { closures } from '../src/closures.js';
import { waitFor } from './support/wait.js';

const HANGING = ['--import', 'tsx', fileURLToPath(new URL('support/hanging.ts', import.meta.url))];
/** The longest that a relay may take: what the hub and ProcessEnd allow, and some for a busy machine. */
const MOST_MS = 9000;
const folder = mkdtempSync(join(tmpdir(), 'relay-test-end-'));
const children: ChildProcess[] = [];

// A broker of its own: it is stopped and killed.
let broker: Broker;

beforeAll(async () => {
  broker = await startBroker({ dataDir: join(folder, 'broker') });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await broker?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Started {
  child: ChildProcess;
  /** Resolves with the address; rejects when the process says that it failed or ends before. */
  ready: Promise<string>;
  /** Resolves with the exit code or the signal. */
  ended: Promise<number | string>;
  errors(): string;
}

function start(
  env: Record<string, string> = {},
  stdout: 'ignore' | 'pipe' | number = 'ignore',
  program = [relayProgram()],
): Started {
  const child = spawn(process.execPath, program, {
    env: {
      PATH: process.env.PATH,
      RELAY_PORT: '0',
      RELAY_JWT_SECRET: 'the-secret-of-this-test-and-no-other',
      RABBITMQ_URL: broker.amqpUrl,
      RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
      ...env,
    },
    stdio: ['ignore', stdout, 'pipe', 'ipc'],
  });
  children.push(child);
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | string);
  const ready = new Promise<string>((resolve, reject) => {
    child.on('message', (message: { type: string; url?: string }) => {
      if (message.type === 'ready') resolve(message.url ?? '');
      else reject(new Error(JSON.stringify(message)));
    });
    void ended.then((how) => reject(new Error(`ended (${how}) before it was ready: ${errors}`)));
  });
  ready.catch(() => {});
  return { child, ready, ended, errors: () => errors };
}

/** How the process ends, which it must in time. */
function end({ ended }: Started): Promise<number | string> {
  return Promise.race([ended, delay(MOST_MS, 'still there')]);
}

function frozen(pid: number): boolean {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.startsWith('T') ?? false;
}

describe('a relay that gets SIGTERM ends in time', () => {
  it('while all is well', async () => {
    const relay = start();
    await relay.ready;
    relay.child.kill('SIGTERM');
    expect(await end(relay)).toBe(0);
  });

  it('while the broker does not answer any more', async () => {
    const relay = start();
    await relay.ready;
    process.kill(broker.pid, 'SIGSTOP');
    try {
      await waitFor(() => frozen(broker.pid), { what: 'the freeze' });
      relay.child.kill('SIGTERM');
      expect(await end(relay)).toBe(0);
    } finally {
      process.kill(broker.pid, 'SIGCONT');
    }
  });

  it('while the broker is gone', async () => {
    const relay = start();
    const url = await relay.ready;
    await broker.kill();
    try {
      await waitFor(async () => (await fetch(`${url}/readyz`)).status === 503, { what: 'the loss' });
      relay.child.kill('SIGTERM');
      expect(await end(relay)).toBe(0);
    } finally {
      await broker.restart();
    }
  });

  it('while it starts and nobody answers: it does not leave that to the system', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    try {
      const relay = start({ RABBITMQ_URL: `amqp://x:y@127.0.0.1:${port}` });
      await once(silent, 'connection');
      relay.child.kill('SIGTERM');
      // A process that had handled no signal would have been ended by it, unless it was the first of a container.
      expect(await end(relay)).toBe(0);
    } finally {
      silent.close();
    }
  });

  it('although something in it never comes to an end', async () => {
    const hanging = start({}, 'ignore', HANGING);
    await hanging.ready;
    hanging.child.kill('SIGTERM');
    expect(await end(hanging)).toBe(1);
  });

  it('and at once when it gets a second one', async () => {
    const hanging = start({}, 'ignore', HANGING);
    await hanging.ready;
    const began = performance.now();
    hanging.child.kill('SIGTERM');
    hanging.child.kill('SIGINT');
    expect(await end(hanging)).toBe(1);
    expect(performance.now() - began).toBeLessThan(4000);
  });
});

describe('a relay with clients', () => {
  /** Whose CONNECT is still to come; resolves with the codes of their closes. */
  async function clients(url: string, count: number): Promise<Promise<number>[]> {
    const sockets = Array.from({ length: count }, () => new WebSocket(`${url.replace('http', 'ws')}/ws`));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    return sockets.map(async (socket) => ((await once(socket, 'close')) as [number])[0]);
  }

  const isDraining = async (url: string) => {
    const response = await fetch(`${url}/readyz`);
    return response.status === 503 && ((await response.json()) as { draining?: true }).draining;
  };

  it('lets them go before it ends, and says to others meanwhile that it is not ready', async () => {
    const relay = start({ RELAY_DRAIN_TIME: '2000' });
    const url = await relay.ready;
    const closes = await clients(url, 10);
    relay.child.kill('SIGTERM');
    await waitFor(() => isDraining(url), { what: 'the drain' });
    expect(await Promise.all(closes)).toEqual(closes.map(() => closures.goingAway.code));
    expect(await end(relay)).toBe(0);
  });
});

describe('a relay that was left alone by whoever started it ends', () => {
  it('when it runs', async () => {
    const relay = start();
    await relay.ready;
    relay.child.disconnect();
    expect(await end(relay)).toBe(0);
  });

  it('when it starts', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    try {
      const relay = start({ RABBITMQ_URL: `amqp://x:y@127.0.0.1:${port}` });
      await once(silent, 'connection');
      relay.child.disconnect();
      expect(await end(relay)).toBe(0);
      expect(relay.errors()).toBe('');
    } finally {
      silent.close();
    }
  });
});

describe('a relay whose log nobody reads', () => {
  /** A pipe that has no room. */
  function fullPipe(): { end: number; free(): void } {
    const path = join(folder, 'full');
    execFileSync('mkfifo', [path]);
    const filler = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    for (const size of [4096, 1]) {
      try {
        for (;;) writeSync(filler, Buffer.alloc(size));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('EAGAIN');
      }
    }
    const end = openSync(path, constants.O_RDWR);
    const free = () => {
      closeSync(filler);
      closeSync(end);
    };
    return { end, free };
  }

  it('serves all the same, and ends when it is told to', async () => {
    const pipe = fullPipe();
    try {
      const relay = start({ RELAY_LOG_LEVEL: 'trace' }, pipe.end);
      const url = await relay.ready;
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      relay.child.kill('SIGTERM');
      // Not in order, as far as the log is concerned: its last lines are lost.
      expect(await end(relay)).toBe('SIGKILL');
    } finally {
      pipe.free();
    }
  });

  it('writes what it can when it ends', async () => {
    const relay = start({}, 'pipe');
    let log = '';
    relay.child.stdout?.on('data', (chunk: Buffer) => {
      log += chunk;
    });
    await relay.ready;
    relay.child.kill('SIGTERM');
    expect(await end(relay)).toBe(0);
    expect(log).toContain('relay ready');
    expect(log).toContain('"reason":"SIGTERM","msg":"leaving"');
  });

  it('goes on when the pipe is closed', async () => {
    const relay = start({ RELAY_LOG_LEVEL: 'trace' }, 'pipe');
    const url = await relay.ready;
    relay.child.stdout?.destroy();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    relay.child.kill('SIGTERM');
    expect(await end(relay)).toBe(0);
  });
});
