import type { Cleanup } from '../bench/environment.js';
import { describeMachine } from '../bench/machine.js';
import { runProgram } from '../bench/program.js';
import { writeJson } from '../bench/results.js';
import { HELP, type Options, readOptions } from './options.js';
import { failures, growths, renderDetails, renderTables } from './report.js';
import { soak } from './run.js';

/** Beyond the time that was asked for: starting, and twice waiting until nobody is there and nothing is unread. */
const MORE_MINUTES = 20;

async function run(options: Options, cleanup: Cleanup, log: (line: string) => void): Promise<number> {
  const { seed, clients, seconds } = options;
  log(`seed ${seed}, ${clients} clients for ${seconds} s`);
  const outcome = await soak(options, cleanup, log);
  const failed = failures(outcome, options);
  const machine = describeMachine(undefined);
  const title = `${clients.toLocaleString('en-US')} clients for ${seconds} s, seed ${seed}. ${machine.line}`;
  const parts = [title, renderTables(outcome, options), renderDetails(outcome)];
  for (const failure of failed) parts.push(`FAILED: ${failure}`);
  process.stdout.write(`\n${parts.join('\n\n')}\n`);
  if (options.json !== undefined) {
    const facts = { machine: machine.facts, options, ...outcome, growths: growths(outcome, options) };
    await writeJson(options.json, { ...facts, failures: failed });
  }
  return failed.length > 0 ? 1 : 0;
}

await runProgram({
  name: 'soak',
  help: HELP,
  readOptions,
  mostMinutes: ({ seconds, warmUpSeconds }) => Math.ceil((seconds + warmUpSeconds) / 60) + MORE_MINUTES,
  run,
});
