import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { broker } from '../../relay/test/support/broker.js';
import { runProgram } from '../../relay/test/support/program.js';
import { unique } from '../../relay/test/support/relay.js';
import { World } from '../../relay/test/support/world.js';
import { listen, type Order, type ShopView } from '../contract.js';
import { Customer } from './support/customer.js';

const main = fileURLToPath(new URL('../../dist/demo/main.js', import.meta.url));
let world: World;
let folder: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  world = new World();
  folder = mkdtempSync(join(tmpdir(), 'demo-main-'));
});
afterEach(async () => {
  await end('SIGKILL');
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

async function end(signal: NodeJS.Signals): Promise<unknown> {
  const ending = child;
  child = undefined;
  if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return undefined;
  const gone = once(ending, 'exit');
  ending.kill(signal);
  const [code] = await gone;
  return code;
}

/** @returns what it says first, and what it prints */
async function run(args: string[], env: Record<string, string> = {}) {
  const settings = {
    AMQP_URL: broker().amqpUrl,
    DEMO_DATA: folder,
    DEMO_SPEED: '20',
    DEMO_QUIET: '1',
    ...env,
  };
  const running = fork(main, args, {
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  child = running;
  let printed = '';
  for (const stream of [running.stdout, running.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
  }
  const [said] = await once(running, 'message');
  return { said: said as unknown, printed: () => printed };
}

it('serves, ends in order when it is told to, and goes on after a crash', async () => {
  const relay = await world.relay();
  const alice = await Customer.at(relay, unique('alice'));
  await alice.listen(listen.orders);
  const { said } = await run(['shop', 'prices'], { DEMO_SPEED: '0.1' });
  expect(said).toEqual({ type: 'ready', services: ['shop', 'prices'] });
  await alice.ask<ShopView>('shop', {});
  await end('SIGKILL');

  const again = await run([]);
  expect(again.said).toMatchObject({ services: expect.arrayContaining(['payments', 'support']) });
  await alice.hears<Order>(listen.orders, ({ state }) => state === 'shipped');
  expect(await end('SIGTERM')).toBe(0);
  expect(again.printed()).toBe('');
});

it('ends when whoever started it is gone', async () => {
  await run(['prices']);
  const gone = once(child as ChildProcess, 'exit');
  child?.disconnect();
  expect(await gone).toEqual([0, null]);
});

it('says who it needs when there is no broker, without its password', async () => {
  const url = new URL(broker().amqpUrl);
  url.pathname = 'no-such-vhost';
  const running = fork(main, ['prices'], {
    env: { ...process.env, AMQP_URL: url.href, DEMO_DATA: folder },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child = running;
  let printed = '';
  await new Promise<void>((resolve) => {
    running.stderr?.on('data', (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes('\n')) resolve();
    });
  });
  expect(printed).toContain('no connection to the broker');
  expect(printed).not.toContain(url.password);
  expect(await end('SIGTERM')).toBe(0);
});

it.each([
  [['--help'], 0, 'payments'],
  [['nonsense'], 1, 'there is no service "nonsense"'],
  [['--nonsense'], 1, '--nonsense'],
] as const)('answers %j', async (args, code, text) => {
  const ended = await runProgram('demo/main.js', [...args], AbortSignal.timeout(30_000));
  expect(ended.code).toBe(code);
  expect(ended.output).toContain(text);
});
