import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';
import { UserError } from './steps.mjs';

export const runFolder = join(root, '.run');
const stateFile = join(runFolder, 'state.json');
const lockFile = join(runFolder, 'start.pid');

/**
 * @typedef {object} State
 * @property {number} pid of `npm start`; a SIGTERM to it stops everything
 * @property {string[]} relayUrls
 * @property {string} amqpUrl with credentials, like the other two
 * @property {string} webStompUrl
 * @property {string} managementUrl
 */

/** @throws {UserError} when `npm start` runs in this clone already. */
export function claimClone() {
  mkdirSync(runFolder, { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(lockFile, String(process.pid), { flag: 'wx', mode: 0o600 });
      rmSync(stateFile, { force: true });
      process.once('exit', releaseClone);
      return;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const pid = Number(readIfThere(lockFile));
    if (isStart(pid)) {
      throw new UserError(
        `npm start runs in this clone already, with pid ${pid}. Stop it first (kill ${pid}), or use another clone.`,
      );
    }
    // Whoever wrote it is gone, without having been able to clean up.
    rmSync(lockFile, { force: true });
  }
  throw new UserError(`Another npm start in this clone begins at the same time. Try again.`);
}

function releaseClone() {
  rmSync(stateFile, { force: true });
  rmSync(lockFile, { force: true });
}

/**
 * Whole or not at all, and for the owner only: it holds passwords.
 * @param {State} state
 */
export function writeState(state) {
  const temporary = `${stateFile}.new`;
  writeFileSync(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, stateFile);
}

/** @param {string} file */
function readIfThere(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/**
 * Pids are reused, so the process must also look like ours.
 * @param {number} pid
 */
function isStart(pid) {
  if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EPERM') return false;
  }
  const command = readIfThere(`/proc/${pid}/cmdline`);
  return command === '' || command.includes('start.mjs');
}
