import { Cleanup } from './environment.js';

/** What one of the programs is: bench, torture, fuzz. */
export interface Program<Options extends { help: boolean }> {
  /** For messages of the program itself. */
  name: string;
  help: string;
  /** @throws Error that says what to write instead. */
  readOptions(args: string[]): Options;
  /** Longest time of a run; then it ends with 1. */
  mostMinutes(options: Options): number;
  /** Does the work. What it starts it adds to `cleanup`. @returns the exit code. */
  run(options: Options, cleanup: Cleanup, log: (line: string) => void): Promise<number>;
}

/** Runs a program from its command line to `process.exit`; whatever ends it, what it started is ended first. */
export async function runProgram<Options extends { help: boolean }>(
  program: Program<Options>,
): Promise<void> {
  const startedAt = performance.now();
  const cleanup = new Cleanup(program.name);
  const log = (line: string): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`${seconds} s  ${line}\n`);
  };
  let ending = false;
  const end = async (code: number, reason?: string): Promise<never> => {
    if (reason && !ending) process.stderr.write(`${program.name}: ${reason}\n`);
    ending = true;
    await cleanup.run();
    process.exit(code);
  };
  process.on('SIGINT', () => void end(130, 'interrupted, stopping what was started'));
  process.on('SIGTERM', () => void end(143, 'asked to end, stopping what was started'));

  try {
    const options = program.readOptions(process.argv.slice(2));
    if (options.help) {
      process.stdout.write(program.help);
      return;
    }
    const minutes = program.mostMinutes(options);
    setTimeout(() => void end(1, `not done after ${minutes} minutes`), minutes * 60_000).unref();
    const code = await program.run(options, cleanup, log);
    if (!ending) await end(code);
  } catch (error) {
    if (!ending) await end(1, error instanceof Error ? error.message : String(error));
  }
}
