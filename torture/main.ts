import type { Cleanup } from '../bench/environment.js';
import { describeMachine } from '../bench/machine.js';
import { runProgram } from '../bench/program.js';
import { writeJson } from '../bench/results.js';
import { HELP, type Options, readOptions } from './options.js';
import { failures, renderDetails, renderLost, renderTable } from './report.js';
import { torture } from './run.js';

/** Beyond the time that was asked for: starting, and waiting for the broker to be empty. */
const MORE_MINUTES = 4;

async function run(options: Options, cleanup: Cleanup, log: (line: string) => void): Promise<number> {
  log(`seed ${options.seed}`);
  const outcome = await torture(options, cleanup, log);
  const failed = failures(outcome, options);
  const machine = describeMachine(undefined);
  const parts = [`Seed ${options.seed}. ${machine.line}`, renderTable(outcome), renderDetails(outcome)];
  if (outcome.figures.lost.length > 0) parts.push(renderLost(outcome));
  for (const failure of failed) parts.push(`FAILED: ${failure}`);
  process.stdout.write(`\n${parts.join('\n\n')}\n`);
  if (options.json !== undefined) {
    await writeJson(options.json, { machine: machine.facts, options, ...outcome, failures: failed });
  }
  return failed.length > 0 ? 1 : 0;
}

await runProgram({
  name: 'torture',
  help: HELP,
  readOptions,
  mostMinutes: ({ minutes }) => minutes + MORE_MINUTES,
  run,
});
