import { performance } from 'node:perf_hooks';

/** An error whose message is all that the user needs: no stack is printed. */
export class UserError extends Error {}

/**
 * Runs one step and prints its title and how long it took.
 * @template T
 * @param {string} title
 * @param {() => T | Promise<T>} work may return a text, which is then printed as the result
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const began = performance.now();
  process.stdout.write(`${title} … `);
  try {
    const result = await work();
    const note = typeof result === 'string' ? `${result}, ` : '';
    process.stdout.write(`${note}${seconds(performance.now() - began)}\n`);
    return result;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

/** @param {number} milliseconds */
export function seconds(milliseconds) {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/**
 * Prints an error the way its reader needs it.
 * @param {unknown} error
 */
export function printError(error) {
  const expected =
    error instanceof UserError || (error instanceof Error && error.name === 'NotInstalledError');
  const text =
    error instanceof Error ? (expected ? error.message : (error.stack ?? error.message)) : String(error);
  process.stderr.write(`\n${text}\n`);
}

/** @throws {UserError} on a Node that is too old. */
export function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 11)) return;
  throw new UserError(
    `Node ${process.versions.node} is too old: 20.11 or newer is needed (https://nodejs.org).`,
  );
}
