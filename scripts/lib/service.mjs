import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { end, ended, start } from './children.mjs';
import { root } from './project.mjs';
import { UserError } from './steps.mjs';

/** @typedef {{ type?: string, message?: string, url?: string }} Said what a program of ours tells who started it */

/**
 * @typedef {object} RunningService
 * @property {Said} said when it was ready
 * @property {Promise<string>} gone resolves with how it ended
 * @property {() => string} lastLines
 * @property {(patience: number) => Promise<void>} stop
 */

/**
 * Starts one of the compiled programs that run until they are stopped.
 * @param {string} what for people: "The relay"
 * @param {string} main below the clone
 * @param {Record<string, string>} settings that go beyond our own environment
 * @returns {Promise<RunningService>} once it says that it is ready
 * @throws {UserError} when it does not start
 */
export async function openService(what, main, settings) {
  const child = start(process.execPath, [join(root, main)], {
    cwd: root,
    env: { ...process.env, ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // Set when it is ready: what it prints before is shown only if it fails.
  let ready = false;
  /** @type {string[]} */
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
      if (ready) console.log(line);
    });
  }
  const gone = ended(child);
  const dismissGuard = guard(child.pid);
  void gone.then(dismissGuard);
  const lastLines = () => lines.join('\n');
  /** @type {Said} */
  const said = await Promise.race([
    new Promise((resolve, reject) => {
      child.on('message', (/** @type {Said} */ message) => {
        if (message.type === 'ready') resolve(message);
        if (message.type === 'failed') reject(new UserError(`${what} did not start: ${message.message}`));
      });
    }),
    gone.then((how) => {
      throw new UserError(`${what} did not start (${how}).\n${lastLines()}`);
    }),
  ]);
  ready = true;
  return { said, gone, lastLines, stop: (patience) => end(child, patience) };
}

/**
 * Ends the program when this process is killed without a chance to do it: a tiny shell waits for the end of a
 * pipe that only we hold open.
 * @param {number | undefined} pid
 */
function guard(pid) {
  const script = `read -r _; kill -TERM ${pid}; sleep 3; kill -KILL ${pid}`;
  const shell = start('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  shell.stdin?.on('error', () => {});
  return () => shell.kill('SIGKILL');
}
