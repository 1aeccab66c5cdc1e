import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { openBroker, prepareBroker } from './lib/broker.mjs';
import { endAll } from './lib/children.mjs';
import { DemoServices } from './lib/demo.mjs';
import { build, install } from './lib/project.mjs';
import { choosePort, demoSettings, drainTime, isDemo, openRelay } from './lib/relay.mjs';
import { claimClone, writeState } from './lib/state.mjs';
import { checkNodeVersion, printError, seconds, step, UserError } from './lib/steps.mjs';

const HELP = `Starts the relay on this machine, with a RabbitMQ node and the demo's services of its own.

  npm start [-- options]

  --relays N           so many relay processes on one broker (1); all but the first get free ports
  --no-demo-services   without the services of the demo's shop
  --help               this text

What is missing is installed: the packages, and RabbitMQ through apt-get when run as root. Without either,
a Docker engine is used. The broker's data stay in .run/broker, those of the demo in .run/demo; while everything
runs, .run/state.json says where (with passwords, readable only by you). Ctrl-C stops it all.

  RELAY_PORT    the port to listen on (8080, or any free one when 8080 is taken)
  RABBITMQ_URL  use this broker instead of a private one (with RABBITMQ_WEB_STOMP_URL and
                RABBITMQ_MANAGEMENT_URL where they are not at the usual ports)
  RELAY_JWT_SECRET | RELAY_JWT_PUBLIC_KEY | RELAY_JWKS_URL
                check real tokens; without one of them the demo is on (RELAY_DEMO=1), which lets everybody
                who reaches the page be any user, and starts the demo's services
All settings of the relay are in relay/PROTOCOL.md.
`;

const began = performance.now();
/** @type {import('./lib/relay.mjs').RunningRelay[]} */
const relays = [];
/** @type {DemoServices | undefined} */
let services;
/** @type {import('./lib/broker.mjs').RunningBroker | undefined} */
let broker;
let leavingSince = 0;

/** @param {number} code */
async function leave(code) {
  if (leavingSince !== 0) return;
  leavingSince = performance.now();
  // The promise is 5 s beside a drain that was asked for; whatever is left then is killed by the exit handlers.
  setTimeout(() => process.exit(code), 4700 + drainTime());
  try {
    // They publish until the end, so the relays see all of it.
    await services?.stop(1000);
    await Promise.all(relays.map((relay) => relay.stop(1500 + drainTime())));
    await broker?.stop();
    await endAll(500);
  } catch (error) {
    printError(error);
    process.exit(1);
  }
  if (broker !== undefined) console.log(`Stopped in ${seconds(performance.now() - leavingSince)}`);
  process.exit(code);
}

function onSignal() {
  if (leavingSince === 0) {
    console.log('\nStopping (again: at once) …');
    // While it starts there is nothing worth an orderly end: the exit handlers kill what is there.
    if (broker === undefined) process.exit(0);
    void leave(0);
  } else if (performance.now() - leavingSince > 400) {
    // In a terminal, npm passes on the same Ctrl-C that we got ourselves; that one is not the second.
    process.exit(130);
  }
}

/** A killed npm passes nothing on, so its end is the signal. */
function watchParent() {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent && leavingSince === 0) onSignal();
  }, 500).unref();
}

/** @param {string} reason */
function fail(reason) {
  if (leavingSince !== 0) return;
  printError(new UserError(reason));
  void leave(1);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        relays: { type: 'string', default: '1' },
        'no-demo-services': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const count = /^\d+$/.test(values.relays) ? Number(values.relays) : 0;
    if (count < 1 || count > 16) throw new UserError('--relays takes a number from 1 to 16.');
    return { count, withServices: !values['no-demo-services'], help: values.help };
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

async function main() {
  const { count, withServices, help } = readOptions();
  if (help) {
    console.log(HELP);
    return;
  }
  checkNodeVersion();
  claimClone();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onSignal);
  watchParent();
  await choosePort();

  await step('Packages', install);
  const kind = await prepareBroker();
  await step('Build', build);
  const title = {
    given: 'Broker of RABBITMQ_URL',
    private: 'Private RabbitMQ node',
    docker: 'RabbitMQ in Docker',
  };
  await step(title[kind], async () => {
    broker = await openBroker(kind, fail);
  });
  if (broker === undefined || leavingSince !== 0) return;

  const settings = { ...broker.settings, ...demoSettings() };
  const port = await choosePort();
  for (let index = 0; index < count; index += 1) {
    await step(count === 1 ? 'Relay' : `Relay ${index + 1}`, async () => {
      const relay = await openRelay({ ...settings, RELAY_PORT: String(index === 0 ? port : 0) });
      relays.push(relay);
      void relay.gone.then((how) =>
        fail(`A relay ended by itself (${how}). Its last lines:\n${relay.lastLines()}`),
      );
    });
  }
  if (leavingSince !== 0) return;
  const { amqpUrl, webStompUrl, managementUrl } = broker;
  if (withServices && isDemo(settings)) {
    services = new DemoServices(amqpUrl, fail);
    await step('Demo services', () => services?.start());
    if (leavingSince !== 0) return;
  }
  const relayUrls = relays.map((relay) => relay.url);
  writeState({ pid: process.pid, relayUrls, amqpUrl, webStompUrl, managementUrl });
  console.log(`\nReady after ${seconds(performance.now() - began)}. Open ${relayUrls.join(' or ')}`);
  if (isDemo(settings)) console.log('Demo mode: everybody who reaches the page can be any user.');
  console.log('Ctrl-C stops it.');
}

main().catch((error) => {
  if (leavingSince !== 0) return;
  printError(error);
  void leave(1);
});
