import { randomBytes } from 'node:crypto';
import { codec } from './cases/codec.js';
import { connect } from './cases/connect.js';
import { fanout } from './cases/fanout.js';
import { latency } from './cases/latency.js';
import { memory } from './cases/memory.js';
import { unicast } from './cases/unicast.js';
import { unread } from './cases/unread.js';
import type { Context } from './context.js';
import { Cleanup, givenBroker, privateBroker } from './environment.js';
import { busyShare, describeMachine, generatorProcesses, type Machine, openFileLimit } from './machine.js';
import { Management } from './management.js';
import { type CaseName, HELP, type Options, readOptions } from './options.js';
import { RelayProcess } from './relay-process.js';
import { writeResults } from './results.js';
import type { Row } from './rows.js';
import { directSide, makeToken, relaySide } from './sides.js';
import { FULL, fitTo, mostConnections, QUICK, type Sizes } from './sizes.js';
import { Swarm } from './swarm.js';
import { renderTable } from './table.js';

const MOST_MINUTES = 30;
const BUSY_SECONDS = 0.5;
const BUSY_SHARE = 0.15;
const cases: Record<CaseName, (context: Context) => Promise<Row[]>> = {
  fanout,
  unicast,
  latency,
  connect,
  memory,
  unread,
  codec,
};
const startedAt = performance.now();
const cleanup = new Cleanup();

function log(line: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${line}\n`);
}

function sizesFor(options: Options) {
  const wanted = options.quick ? QUICK : FULL;
  const files = openFileLimit();
  const sizes = fitTo(wanted, files);
  if (mostConnections(sizes) < mostConnections(wanted)) {
    log(
      `only ${files} open files are allowed (ulimit -n), so there are at most ${mostConnections(sizes)} clients`,
    );
  }
  return sizes;
}

/** Runs the chosen measurements and adds to `rows` and `failures`. @returns what machine and broker it was. */
async function measure(options: Options, sizes: Sizes, rows: Row[], failures: string[]): Promise<Machine> {
  if (options.only.every((name) => name === 'codec')) {
    const machine = describeMachine(undefined);
    rows.push(...(await codec({ sizes, log })));
    return machine;
  }
  if (!options.broker) log('starting a private broker');
  const place = options.broker ? givenBroker(process.env) : await privateBroker(cleanup);
  const management = place.managementUrl ? new Management(place.managementUrl) : undefined;
  const machine = describeMachine(await management?.overview());
  log(machine.line);
  const secret = randomBytes(32).toString('base64url');
  const startRelay = async () => {
    cleanup.check();
    const process = await RelayProcess.start(place, secret, cleanup);
    return { process, side: relaySide(process.url, secret) };
  };
  const relay = await startRelay();
  log('the relay is up');

  for (const name of options.only) {
    cleanup.check();
    const swarm = await Swarm.start(place.amqpUrl, generatorProcesses(), sizes.bodyBytes);
    const direct = directSide(place.webStompUrl);
    const context: Context = {
      ...{ sizes, swarm, direct, relay: relay.side, freshRelay: startRelay, management, log },
      ...{ amqpUrl: place.amqpUrl, relayUrl: relay.process.url, token: (index) => makeToken(secret, index) },
    };
    try {
      rows.push(...(await cases[name](context)));
    } catch (error) {
      cleanup.check();
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${name}: ${reason}`);
      log(`${name} failed: ${reason}`);
    } finally {
      await swarm.stop();
    }
  }
  return machine;
}

async function run(options: Options): Promise<number> {
  const sizes = sizesFor(options);
  const busyBefore = Number((await busyShare(BUSY_SECONDS)).toFixed(2));
  const warning =
    busyBefore > BUSY_SHARE
      ? `WARNING: before the run the cores were ${Math.round(busyBefore * 100)} % busy with other things.`
      : '';
  if (warning) log(warning);
  const rows: Row[] = [];
  const failures: string[] = [];
  const machine = await measure(options, sizes, rows, failures);
  const quickly = options.quick ? 'Quick run: small sizes, rough figures.' : '';
  process.stdout.write(`\n${[machine.line, quickly, warning].filter(Boolean).join('\n')}\n\n`);
  process.stdout.write(`${renderTable(rows)}\n\nMedian of the rounds (lowest – highest).\n`);
  for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
  const { quick } = options;
  const at = new Date().toISOString();
  const results = { at, quick, machine: { ...machine.facts, busyBefore }, sizes, rows, failures };
  log(`results are in ${await writeResults(options.json, results)}`);
  return failures.length > 0 ? 1 : 0;
}

let ending = false;
async function end(code: number, reason?: string): Promise<never> {
  if (reason && !ending) process.stderr.write(`bench: ${reason}\n`);
  ending = true;
  await cleanup.run();
  process.exit(code);
}

process.on('SIGINT', () => void end(130, 'interrupted, stopping what was started'));
process.on('SIGTERM', () => void end(143, 'asked to end, stopping what was started'));
const longest = setTimeout(
  () => void end(1, `not done after ${MOST_MINUTES} minutes`),
  MOST_MINUTES * 60_000,
);
longest.unref();

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(HELP);
  } else {
    const code = await run(options);
    if (!ending) await end(code);
  }
} catch (error) {
  if (!ending) await end(1, error instanceof Error ? error.message : String(error));
}
