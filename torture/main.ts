import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Cleanup } from '../bench/environment.js';
import { describeMachine } from '../bench/machine.js';
import { HELP, type Options, readOptions } from './options.js';
import { failures, renderDetails, renderLost, renderTable } from './report.js';
import { torture } from './run.js';

/** Beyond the time that was asked for: starting, and waiting for the broker to be empty. */
const MORE_MINUTES = 4;

const startedAt = performance.now();
const cleanup = new Cleanup();

function log(line: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`${seconds} s  ${line}\n`);
}

async function run(options: Options): Promise<number> {
  log(`seed ${options.seed}`);
  const longest = setTimeout(
    () => void end(1, `not done after ${options.minutes + MORE_MINUTES} minutes`),
    (options.minutes + MORE_MINUTES) * 60_000,
  );
  longest.unref();
  const outcome = await torture(options, cleanup, log);
  const failed = failures(outcome, options);
  const machine = describeMachine(undefined);
  const parts = [`Seed ${options.seed}. ${machine.line}`, renderTable(outcome), renderDetails(outcome)];
  if (outcome.figures.lost.length > 0) parts.push(renderLost(outcome));
  for (const failure of failed) parts.push(`FAILED: ${failure}`);
  process.stdout.write(`\n${parts.join('\n\n')}\n`);
  if (options.json !== undefined) {
    const file = resolve(options.json);
    const at = new Date().toISOString();
    await mkdir(dirname(file), { recursive: true });
    await writeFile(
      file,
      `${JSON.stringify({ at, machine: machine.facts, options, ...outcome, failures: failed }, null, 2)}\n`,
    );
  }
  return failed.length > 0 ? 1 : 0;
}

let ending = false;
async function end(code: number, reason?: string): Promise<never> {
  if (reason && !ending) process.stderr.write(`torture: ${reason}\n`);
  ending = true;
  await cleanup.run();
  process.exit(code);
}

process.on('SIGINT', () => void end(130, 'interrupted, stopping what was started'));
process.on('SIGTERM', () => void end(143, 'asked to end, stopping what was started'));

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
