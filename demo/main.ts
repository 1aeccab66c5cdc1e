import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { APP_EXCHANGE } from './services/address.js';
import { services } from './services/all.js';
import { lineLog, reasonOf } from './services/log.js';
import { type RunningService, type ServiceDefinition, startService } from './services/service.js';

const HELP = `The services of the demo's shop, in one process.

  node dist/demo/main.js [service …]     all of them, unless some are named

${services.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}

  AMQP_URL     the broker (amqp://guest:guest@127.0.0.1:5672)
  DEMO_DATA    folder for the database files (.run/demo)
  DEMO_SPEED   how many times faster than in life things happen (1)
  DEMO_QUIET   1: nothing happens unless somebody asks for it (0)
  DEMO_LOG     "info" also tells what is no trouble; one line of JSON each on standard error (warn)
`;
/** How long the end may take, in milliseconds. */
const LEAVE_MS = 3000;
/** How long the broker may be out of reach at the start; later it may be as long as it likes. */
const START_MS = 30_000;

const running: RunningService[] = [];
const starting = new AbortController();
let leaving = false;

function tell(message: { type: 'ready'; services: string[] } | { type: 'failed'; message: string }): void {
  if (process.connected) process.send?.(message);
}

async function leave(code: number): Promise<void> {
  if (leaving) process.exit(1);
  leaving = true;
  setTimeout(() => process.exit(1), LEAVE_MS);
  starting.abort();
  await Promise.all(running.map((service) => service.close()));
  process.exit(code);
}

function chosen(names: readonly string[]): readonly ServiceDefinition[] {
  const unknown = names.find((name) => !services.some((service) => service.name === name));
  if (unknown !== undefined) {
    throw new Error(`there is no service "${unknown}": ${services.map(({ name }) => name).join(', ')}`);
  }
  return names.length === 0 ? services : services.filter(({ name }) => names.includes(name));
}

function readSpeed(text: string): number {
  const speed = Number(text);
  if (!(speed > 0 && speed <= 1000)) throw new Error('DEMO_SPEED takes a number up to 1000');
  return speed;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { help: { type: 'boolean', short: 'h', default: false } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const definitions = chosen(positionals);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void leave(0));
  // Whoever started this process with an IPC channel is gone: nobody would end it otherwise.
  process.on('disconnect', () => void leave(0));
  const { AMQP_URL, DEMO_DATA, DEMO_SPEED, DEMO_QUIET, DEMO_LOG } = process.env;
  const surroundings = {
    amqpUrl: AMQP_URL || 'amqp://guest:guest@127.0.0.1:5672',
    dataFolder: DEMO_DATA || join('.run', 'demo'),
    speed: readSpeed(DEMO_SPEED || '1'),
    quiet: DEMO_QUIET === '1',
    log: (service: string) => lineLog(service, DEMO_LOG !== 'info'),
  };
  const timer = setTimeout(() => starting.abort(), START_MS);
  await Promise.all(
    definitions.map(async (definition) => {
      running.push(await startService(definition, surroundings, starting.signal));
    }),
  );
  clearTimeout(timer);
  tell({ type: 'ready', services: definitions.map(({ name }) => name) });
}

main().catch((error: unknown) => {
  if (leaving) return;
  const message = starting.signal.aborted
    ? `the broker cannot be reached (AMQP_URL), or has no exchange ${APP_EXCHANGE} yet: start a relay first`
    : reasonOf(error);
  console.error(`demo: ${message}`);
  tell({ type: 'failed', message });
  void leave(1);
});
