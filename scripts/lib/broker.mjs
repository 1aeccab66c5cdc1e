import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './children.mjs';
import { canInstallPackages, hasRabbitmq, installPackage, isInstalled } from './machine.mjs';
import { root } from './project.mjs';
import { runFolder } from './state.mjs';
import { step, UserError } from './steps.mjs';

/**
 * What the relay needs to know, and how to end what was started for it.
 * @typedef {object} RunningBroker
 * @property {string} amqpUrl with credentials, like the other two
 * @property {string} webStompUrl
 * @property {string} managementUrl
 * @property {Record<string, string>} settings for the relay's environment
 * @property {() => Promise<void>} stop
 */

/**
 * How this machine gets its broker; installs RabbitMQ when that is possible and needed.
 * @returns {Promise<'given' | 'private' | 'docker'>}
 * @throws {UserError} when there is no way
 */
export async function prepareBroker() {
  if (process.env.RABBITMQ_URL) return 'given';
  if (hasRabbitmq()) return 'private';
  if (canInstallPackages()) {
    await step('Installing RabbitMQ (apt-get)', () => installPackage('rabbitmq-server'));
    return 'private';
  }
  if (isInstalled('docker') && (await succeeds('docker', ['info']))) return 'docker';
  throw new UserError(
    'RabbitMQ is missing, and there is no way to get it from here. Either install the Debian package ' +
      '("sudo apt-get install --no-install-recommends rabbitmq-server", or run npm start as root, which does it), ' +
      'or start a Docker engine with the compose plugin. ' +
      'If a broker runs somewhere already, set RABBITMQ_URL=amqp://user:password@host:5672 instead.',
  );
}

/**
 * @param {'given' | 'private' | 'docker'} kind
 * @param {(reason: string) => void} onLost called when the broker is gone for good
 * @returns {Promise<RunningBroker>}
 */
export function openBroker(kind, onLost) {
  if (kind === 'given') return Promise.resolve(givenBroker());
  return kind === 'docker' ? dockerBroker() : privateBroker(onLost);
}

/**
 * The relays use all brokers of a cluster; scripts that find their way by state.json need one.
 * @param {string | undefined} urls
 */
function firstOf(urls) {
  return urls?.split(/\s*,\s*(?=[a-z]+:\/\/)/)[0];
}

/** @returns {RunningBroker} */
function givenBroker() {
  const given = firstOf(process.env.RABBITMQ_URL) ?? '';
  if (!URL.canParse(given))
    throw new UserError('RABBITMQ_URL takes a URL such as amqp://user:password@host:5672');
  const amqp = new URL(given);
  const secure = amqp.protocol === 'amqps:';
  const beside = (/** @type {string | undefined} */ named, /** @type {string} */ usual) => {
    const url = new URL(named || usual);
    url.username ||= amqp.username || 'guest';
    url.password ||= amqp.password || 'guest';
    return url.href.replace(/\/$/, '');
  };
  return {
    amqpUrl: given,
    webStompUrl: beside(
      firstOf(process.env.RABBITMQ_WEB_STOMP_URL),
      secure ? `wss://${amqp.hostname}:15673/ws` : `ws://${amqp.hostname}:15674/ws`,
    ),
    managementUrl: beside(
      process.env.RABBITMQ_MANAGEMENT_URL,
      `${secure ? 'https' : 'http'}://${amqp.hostname}:15672`,
    ),
    settings: {},
    stop: async () => {},
  };
}

/**
 * @param {(reason: string) => void} onLost
 * @returns {Promise<RunningBroker>}
 */
async function privateBroker(onLost) {
  /** @type {typeof import('../../rabbitmq/launcher/index.js')} */
  const { startBroker } = await import(join(root, 'dist/rabbitmq/launcher/index.js'));
  const broker = await startBroker({
    dataDir: join(runFolder, 'broker'),
    onCrash(how) {
      console.log(`RabbitMQ ended by itself (${how}); starting it again on the same data`);
      broker.restart().then(
        () => console.log('RabbitMQ is back'),
        (/** @type {Error} */ error) => onLost(`RabbitMQ did not come back: ${error.message}`),
      );
    },
  });
  return {
    ...urls(broker),
    settings: settings(broker),
    stop: () => broker.stop(),
  };
}

/** @returns {Promise<RunningBroker>} */
async function dockerBroker() {
  const file = join(runFolder, 'compose.json');
  /** @type {Record<string, string>} */
  const secrets = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : Object.fromEntries(
        ['RELAY_BROKER_PASSWORD', 'RELAY_CLIENT_PASSWORD', 'RELAY_JWT_SECRET'].map((name) => [
          name,
          randomBytes(24).toString('base64url'),
        ]),
      );
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  const options = { cwd: root, env: { ...process.env, ...secrets } };
  await run('docker', ['compose', 'up', '-d', '--wait', 'rabbitmq'], options);
  const login = `relay:${secrets.RELAY_BROKER_PASSWORD}@`;
  const port = async (/** @type {number} */ inside) => {
    const answer = await run('docker', ['compose', 'port', 'rabbitmq', String(inside)], options);
    return answer.trim();
  };
  const broker = {
    amqpUrl: `amqp://${login}${await port(5672)}`,
    webStompUrl: `ws://${login}${await port(15674)}/ws`,
    managementUrl: `http://${login}${await port(15672)}`,
    clientUsername: 'relay-client',
    clientPassword: secrets.RELAY_CLIENT_PASSWORD ?? '',
  };
  return {
    ...urls(broker),
    settings: settings(broker),
    stop: async () => {
      await run('docker', ['compose', 'stop', '--timeout', '3', 'rabbitmq'], options);
    },
  };
}

/** @param {{ amqpUrl: string, webStompUrl: string, managementUrl: string }} broker */
function urls({ amqpUrl, webStompUrl, managementUrl }) {
  return { amqpUrl, webStompUrl, managementUrl };
}

/** @param {{ amqpUrl: string, webStompUrl: string, managementUrl: string, clientUsername: string, clientPassword: string }} broker */
function settings(broker) {
  return {
    RABBITMQ_URL: broker.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
    RABBITMQ_MANAGEMENT_URL: broker.managementUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
  };
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 */
async function succeeds(file, args) {
  try {
    await run(file, args);
    return true;
  } catch {
    return false;
  }
}
