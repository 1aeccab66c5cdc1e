import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { openService } from './service.mjs';
import { UserError } from './steps.mjs';

/** @typedef {Omit<import('./service.mjs').RunningService, 'said'> & { url: string }} RunningRelay */

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
  const wanted = demo ? isOn(demo) : !hasKey;
  return {
    ...(demo || hasKey ? {} : { RELAY_DEMO: '1' }),
    ...(wanted && !hasKey ? { RELAY_JWT_SECRET: randomBytes(32).toString('base64url') } : {}),
  };
}

/** Milliseconds for RELAY_DRAIN_TIME. None by default: whoever stops a demo does not want to wait for its tabs. */
export function drainTime() {
  return Number(process.env.RELAY_DRAIN_TIME) || 0;
}

/** @param {string} value of a setting that is on or off */
function isOn(value) {
  return ['1', 'true', 'on', 'yes'].includes(value);
}

/**
 * Whether the relays with these settings are in demo mode.
 * @param {Record<string, string>} settings that go beyond our own environment
 */
export function isDemo(settings) {
  return isOn(settings.RELAY_DEMO ?? process.env.RELAY_DEMO ?? '');
}

/**
 * @param {Record<string, string>} settings that go beyond our own environment
 * @returns {Promise<RunningRelay>} once it listens
 * @throws {UserError} when it does not start
 */
export async function openRelay(settings) {
  const relay = await openService('The relay', 'dist/relay/src/main.js', {
    RELAY_LOG_LEVEL: process.env.RELAY_LOG_LEVEL || 'warn',
    RELAY_DRAIN_TIME: String(drainTime()),
    ...settings,
  });
  const { gone, lastLines, stop } = relay;
  return { url: String(relay.said.url), gone, lastLines, stop };
}
