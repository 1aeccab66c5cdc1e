import type { Cleanup } from '../bench/environment.js';
import { describeMachine } from '../bench/machine.js';
import { runProgram } from '../bench/program.js';
import { writeJson } from '../bench/results.js';
import { runInThread } from './codec/thread.js';
import { runLive } from './live/run.js';
import { HELP, type Options, readOptions } from './options.js';
import { failures, type Outcome, renderDetails, renderFinding, renderTable } from './report.js';

/** Beyond the time of both parts: starting, and waiting until all is as before. */
const MORE_MINUTES = 5;

async function run(options: Options, cleanup: Cleanup, log: (line: string) => void): Promise<number> {
  const { seed, only, minutes } = options;
  log(`seed ${seed}`);
  const outcome: Outcome = { codec: undefined, live: undefined, seconds: { codec: 0, live: 0 } };
  if (only ? only.part === 'codec' : options.codec > 0) {
    const began = performance.now();
    const cases = { seed, from: only?.number ?? 0, count: only ? 1 : options.codec, seconds: minutes * 60 };
    outcome.codec = await runInThread(cases, cleanup, log);
    outcome.seconds.codec = (performance.now() - began) / 1000;
  }
  if (only ? only.part === 'live' : options.live > 0) {
    const began = performance.now();
    const clients = { seed, frames: options.live, only: only?.number, seconds: minutes * 60 };
    outcome.live = await runLive(clients, cleanup, log);
    outcome.seconds.live = (performance.now() - began) / 1000;
  }
  const failed = failures(outcome, options);
  const machine = describeMachine(undefined);
  const parts = [`Seed ${seed}. ${machine.line}`, renderTable(outcome), renderDetails(outcome)];
  for (const finding of outcome.codec?.findings ?? []) parts.push(renderFinding(finding));
  if (failed.length > 0) parts.push(...(outcome.live?.smallest ?? []));
  for (const failure of failed) parts.push(`FAILED: ${failure}`);
  if (outcome.live && failed.length > 0) {
    parts.push(`One client alone: npm run fuzz -- --seed ${seed} --case live:<number of the client>`);
  }
  process.stdout.write(`\n${parts.filter(Boolean).join('\n\n')}\n`);
  if (options.json !== undefined) {
    await writeJson(options.json, { machine: machine.facts, options, ...outcome, failures: failed });
  }
  return failed.length > 0 ? 1 : 0;
}

await runProgram({
  name: 'fuzz',
  help: HELP,
  readOptions,
  mostMinutes: ({ minutes }) => 2 * minutes + MORE_MINUTES,
  run,
});
