import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { codec } from './cases/codec.js';
import { connect } from './cases/connect.js';
import { fanout } from './cases/fanout.js';
import { hostile } from './cases/hostile.js';
import { latency } from './cases/latency.js';
import { memory } from './cases/memory.js';
import { storm } from './cases/storm.js';
import { unicast } from './cases/unicast.js';
import { unread } from './cases/unread.js';
import type { Context } from './context.js';
import { type Cleanup, givenBroker, privateBroker } from './environment.js';
import { busyShare, describeMachine, generatorProcesses, type Machine, openFileLimit } from './machine.js';
import { Management } from './management.js';
import { type CaseName, HELP, type Options, readOptions } from './options.js';
import { processorSeconds } from './processes.js';
import { renderProfiles } from './profile.js';
import { runProgram } from './program.js';
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
  hostile,
  storm,
  codec,
};
type Log = (line: string) => void;

function sizesFor(options: Options, log: Log) {
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
async function measure(
  options: Options,
  sizes: Sizes,
  rows: Row[],
  failures: string[],
  cleanup: Cleanup,
  log: Log,
): Promise<Machine> {
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
  const workers: Record<string, string> =
    options.workers === undefined ? {} : { RELAY_WORKERS: String(options.workers) };
  const { profile } = options;
  const execArgv = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`];
  const startRelay = async (settings: Record<string, string> = {}) => {
    cleanup.check();
    const process = await RelayProcess.start(place, secret, cleanup, {
      settings: { ...workers, ...settings },
      execArgv,
    });
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
      processorSeconds: () => ({
        relay: relay.process.cpuSeconds(),
        ...(place.pid === undefined ? {} : { broker: processorSeconds(place.pid) }),
      }),
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
  // With its end it writes its profile.
  if (profile !== undefined) await relay.process.stop();
  return machine;
}

async function run(options: Options, cleanup: Cleanup, log: Log): Promise<number> {
  const sizes = sizesFor(options, log);
  const busyBefore = Number((await busyShare(BUSY_SECONDS)).toFixed(2));
  const warning =
    busyBefore > BUSY_SHARE
      ? `WARNING: before the run the cores were ${Math.round(busyBefore * 100)} % busy with other things.`
      : '';
  if (warning) log(warning);
  const rows: Row[] = [];
  const failures: string[] = [];
  const machine = await measure(options, sizes, rows, failures, cleanup, log);
  const quickly = options.quick ? 'Quick run: small sizes, rough figures.' : '';
  const workers = options.workers === undefined ? '' : `The relay with RELAY_WORKERS=${options.workers}.`;
  process.stdout.write(`\n${[machine.line, workers, quickly, warning].filter(Boolean).join('\n')}\n\n`);
  process.stdout.write(`${renderTable(rows)}\n\nMedian of the rounds (lowest – highest).\n`);
  if (options.profile !== undefined) process.stdout.write(`\n${await renderProfiles(options.profile)}\n`);
  for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`);
  const { quick, workers: workerCount } = options;
  const at = new Date().toISOString();
  const results = {
    at,
    quick,
    machine: { ...machine.facts, busyBefore, workers: workerCount ?? 1 },
    sizes,
    rows,
    failures,
  };
  log(`results are in ${await writeResults(options.json, results)}`);
  return failures.length > 0 ? 1 : 0;
}

await runProgram({ name: 'bench', help: HELP, readOptions, mostMinutes: () => MOST_MINUTES, run });
