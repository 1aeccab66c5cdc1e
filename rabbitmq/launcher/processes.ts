import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A child with a process group of its own, so that Ctrl-C in a terminal reaches only us. */
export interface OwnedProcess {
  readonly pid: number;
  /** Undefined while it runs, afterwards how it ended. */
  ended(): string | undefined;
  /** Resolves when it has ended. */
  readonly gone: Promise<void>;
  /** The last lines that it printed. */
  tail(): string[];
  signal(signal: NodeJS.Signals): void;
  /** Ends its standard input, which stays open and empty until then. */
  closeInput(): void;
}

const tailLength = 300;
const owned = new Set<OwnedProcess>();

// The guard below outlives even a SIGKILL of this process, but takes a moment; an ordinary exit need not.
process.on('exit', () => {
  for (const child of owned) child.signal('SIGKILL');
});

/** @throws Error when the program cannot be started. */
export async function startOwned(
  file: string,
  args: readonly string[],
  options: { env: Record<string, string>; cwd: string; onLine?: (line: string) => void },
): Promise<OwnedProcess> {
  const child = spawn(file, args, {
    env: options.env,
    cwd: options.cwd,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  await Promise.race([once(child, 'spawn'), once(child, 'error').then(([error]) => Promise.reject(error))]);
  child.stdin.on('error', () => {});
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > tailLength) lines.shift();
      options.onLine?.(line);
    });
  }
  return own(child, lines);
}

function own(child: ChildProcessWithoutNullStreams, lines: readonly string[]): OwnedProcess {
  const { pid } = child;
  if (pid === undefined) throw new Error('A started process has no pid');
  let end: string | undefined;
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      end = signal === null ? `exit code ${code}` : `signal ${signal}`;
      owned.delete(process_);
      resolve();
    });
  });
  const process_: OwnedProcess = {
    pid,
    gone,
    ended: () => end,
    tail: () => [...lines],
    signal: (signal) => {
      if (end === undefined) child.kill(signal);
    },
    closeInput: () => child.stdin.end(),
  };
  owned.add(process_);
  return process_;
}

/** Asks it to end with SIGTERM, and makes it end after `patience` milliseconds. Resolves when it is gone. */
export async function endOwned(child: OwnedProcess, patience: number): Promise<void> {
  child.signal('SIGTERM');
  await goneOrKilled(child, patience);
}

/** Gives it `patience` milliseconds to end before SIGKILL. Resolves when it is gone. */
export async function goneOrKilled(child: OwnedProcess, patience: number): Promise<void> {
  const timer = setTimeout(() => child.signal('SIGKILL'), patience);
  await child.gone;
  clearTimeout(timer);
}

/**
 * Ends the broker and its port mapper when this process disappears in any way, SIGKILL included: a tiny shell
 * waits for the end of a pipe that only we hold open. The broker, whose input ends too, gets 4 s to stop in
 * order. Call the result once both are gone.
 */
export function guardAgainstCrash(broker: OwnedProcess, mapper: OwnedProcess): () => void {
  const script = `read -r _; kill -TERM ${mapper.pid}; sleep 4; kill -KILL ${broker.pid} ${mapper.pid}`;
  const guard = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  guard.on('error', () => {});
  guard.stdin.on('error', () => {});
  guard.unref();
  return () => guard.kill('SIGKILL');
}
