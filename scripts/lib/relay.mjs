import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { end, ended, start } from './children.mjs';
import { root } from './project.mjs';
import { UserError } from './steps.mjs';

/**
 * @typedef {object} RunningRelay
 * @property {string} url
 * @property {Promise<string>} gone resolves with how it ended
 * @property {() => string} lastLines
 * @property {(patience: number) => Promise<void>} stop
 */

/**
 * The port for the first relay: the one in RELAY_PORT, or 8080, or any free one (0).
 * @throws {UserError} when RELAY_PORT names a port that cannot be had
 */
export async function choosePort() {
  const host = process.env.RELAY_HOST || '127.0.0.1';
  const named = process.env.RELAY_PORT;
  if (!named) return (await canListen(host, 8080)) ? 8080 : 0;
  const port = /^\d+$/.test(named) ? Number(named) : Number.NaN;
  if (!(port >= 0 && port <= 65535)) {
    throw new UserError('RELAY_PORT takes a port number from 0 to 65535 (0: any free one).');
  }
  if (port !== 0 && !(await canListen(host, port))) {
    throw new UserError(
      `RELAY_PORT=${port} cannot be used: another program listens on ${host}:${port}, or the port is not allowed. ` +
        'Name another port, or leave RELAY_PORT unset to get a free one.',
    );
  }
  return port;
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function canListen(host, port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * The demo is on unless the user has a way to check tokens or says otherwise. All relays share one secret, so
 * that a token of one is good at all.
 * @returns {Record<string, string>}
 */
export function demoSettings() {
  const { RELAY_DEMO: demo, RELAY_JWT_SECRET, RELAY_JWT_PUBLIC_KEY, RELAY_JWKS_URL } = process.env;
  const hasKey = Boolean(RELAY_JWT_SECRET || RELAY_JWT_PUBLIC_KEY || RELAY_JWKS_URL);
  const wanted = demo ? ['1', 'true', 'on', 'yes'].includes(demo) : !hasKey;
  return {
    ...(demo || hasKey ? {} : { RELAY_DEMO: '1' }),
    ...(wanted && !hasKey ? { RELAY_JWT_SECRET: randomBytes(32).toString('base64url') } : {}),
  };
}

/**
 * @param {Record<string, string>} settings that go beyond our own environment
 * @returns {Promise<RunningRelay>} once it listens
 * @throws {UserError} when it does not start
 */
export async function openRelay(settings) {
  const child = start(process.execPath, [join(root, 'dist/relay/src/main.js')], {
    cwd: root,
    env: { ...process.env, RELAY_LOG_LEVEL: process.env.RELAY_LOG_LEVEL || 'warn', ...settings },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // Set when it is ready: what it prints before is shown only if it fails.
  let listening = false;
  /** @type {string[]} */
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 20) lines.shift();
      if (listening) console.log(line);
    });
  }
  const gone = ended(child);
  const dismissGuard = guard(child.pid);
  void gone.then(dismissGuard);
  const lastLines = () => lines.join('\n');
  const url = await Promise.race([
    new Promise((resolve, reject) => {
      child.on('message', (/** @type {{ type?: string, url?: string, message?: string }} */ message) => {
        if (message.type === 'ready') resolve(message.url);
        if (message.type === 'failed') reject(new UserError(`The relay did not start: ${message.message}`));
      });
    }),
    gone.then((how) => {
      throw new UserError(`The relay did not start (${how}).\n${lastLines()}`);
    }),
  ]);
  listening = true;
  return { url: String(url), gone, lastLines, stop: (patience) => end(child, patience) };
}

/**
 * Ends the relay when this process is killed without a chance to do it: a tiny shell waits for the end of a
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
