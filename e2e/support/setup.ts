import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Broker, startBroker } from '../../rabbitmq/launcher/index.js';
import { keepSecret } from '../../relay/test/support/run-log.js';
import { startDemoServices } from './demo-services.js';
import { publishEnvironment } from './environment.js';
import { startRelay } from './relay-process.js';

const page = fileURLToPath(new URL('../../dist/web/index.html', import.meta.url));

/** Starts a broker of our own, two relays on it and the demo's services; the function that it returns ends them. */
export default async function setup(): Promise<() => Promise<void>> {
  if (!existsSync(page)) throw new Error(`${page} is missing: run "npm run build" first.`);
  const started: Array<() => Promise<void>> = [];
  const teardown = async () => {
    const failures: unknown[] = [];
    for (const stop of started.reverse()) await stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('\n'));
  };
  try {
    const dataDir = await mkdtemp(join(tmpdir(), 'relay-e2e-'));
    started.push(() => rm(dataDir, { recursive: true, force: true }));

    const broker = await startBroker({ dataDir });
    started.push(async () => {
      await broker.stop();
      expectGone(broker.pid);
    });

    const relaySettings = settingsFor(broker);
    const start = async () => {
      const relay = await startRelay(relaySettings);
      started.push(() => relay.stop());
      return relay.url;
    };
    const relayUrls: [string, string] = [await start(), await start()];
    started.push(await startDemoServices(broker.amqpUrl, join(dataDir, 'demo')));
    publishEnvironment({
      relayUrls,
      amqpUrl: broker.amqpUrl,
      relaySettings,
    });
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

function settingsFor(broker: Broker): Record<string, string> {
  return {
    RELAY_DEMO: '1',
    RELAY_JWT_SECRET: keepSecret(randomBytes(32).toString('base64url')),
    // All of it is looked through for secrets at the end of `npm test`.
    RELAY_LOG_LEVEL: 'trace',
    RABBITMQ_URL: broker.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
    RABBITMQ_MANAGEMENT_URL: broker.managementUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: keepSecret(broker.clientPassword),
  };
}

function expectGone(pid: number): void {
  try {
    process.kill(pid, 0);
  } catch {
    return;
  }
  throw new Error(`Process ${pid} was stopped and is still there.`);
}
