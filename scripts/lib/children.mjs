import { spawn } from 'node:child_process';
import { UserError } from './steps.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** @type {Set<ChildProcess>} */
const children = new Set();

// Nothing that a script started may outlive it, however it ends.
process.on('exit', () => {
  for (const child of children) signalGroup(child, 'SIGKILL');
});

/**
 * Starts a program in a process group of its own: Ctrl-C in a terminal reaches only the script, which then
 * ends what it started in order.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {ChildProcess}
 */
export function start(file, args, options = {}) {
  const child = spawn(file, args, { ...options, detached: true });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

/**
 * @param {ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
export function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
}

/**
 * SIGTERM, and SIGKILL for what is left after `patience` milliseconds.
 * @param {ChildProcess} child
 * @param {number} patience
 * @returns {Promise<void>} resolves when the child is gone
 */
export async function end(child, patience) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // Only the program itself: it ends its own children in the order that they need.
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), patience);
    await gone;
    clearTimeout(timer);
  }
  signalGroup(child, 'SIGKILL');
}

/**
 * @param {number} patience milliseconds for each, all at the same time
 */
export async function endAll(patience) {
  await Promise.all([...children].map((child) => end(child, patience)));
}

/**
 * Runs a program to its end without showing its output, unless it fails.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<string>} what it printed
 * @throws {UserError} with the last lines when it fails
 */
export async function run(file, args, options = {}) {
  const child = start(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
      output += text;
    });
  }
  const how = await ended(child);
  if (how === 'exit code 0') return output;
  const lines = output.trimEnd().split('\n').slice(-25).join('\n');
  throw new UserError(`"${[file, ...args].join(' ')}" ended with ${how}:\n${lines}`);
}

/**
 * Runs a program to its end with its output on ours.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<boolean>} whether it ended well
 */
export async function show(file, args, options = {}) {
  const child = start(file, args, { ...options, stdio: ['ignore', 'inherit', 'inherit'] });
  return (await ended(child)) === 'exit code 0';
}

/**
 * @param {ChildProcess} child
 * @returns {Promise<string>} how it ended
 */
export function ended(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
  });
}

/**
 * Ends everything and the script itself at SIGINT or SIGTERM; used where nothing needs more care than that.
 * @param {number} patience
 */
export function endAllOnSignal(patience) {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, async () => {
      await endAll(patience);
      process.exit(signal === 'SIGINT' ? 130 : 143);
    });
  }
}
