import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NotInstalledError, startBroker } from '../../rabbitmq/launcher/index.js';
import type { GivenBroker } from './types.js';
import { makeVirtualHost } from './virtual-host.js';

/** What a worker has of a broker. */
export interface OpenBroker {
  readonly amqpUrl: string;
  /** The relay's settings for it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Ends or removes what was made. */
  close(): Promise<void>;
}

/** The broker that the shell names, as `npm start` of the relay takes it; undefined when it names none. */
export function brokerOfEnvironment(env: NodeJS.ProcessEnv): GivenBroker | undefined {
  const { RABBITMQ_URL, RABBITMQ_WEB_STOMP_URL, RABBITMQ_MANAGEMENT_URL } = env;
  const { RABBITMQ_CLIENT_USERNAME, RABBITMQ_CLIENT_PASSWORD } = env;
  if (!RABBITMQ_URL) return undefined;
  return {
    amqpUrl: RABBITMQ_URL,
    ...(RABBITMQ_WEB_STOMP_URL ? { webStompUrl: RABBITMQ_WEB_STOMP_URL } : {}),
    ...(RABBITMQ_MANAGEMENT_URL ? { managementUrl: RABBITMQ_MANAGEMENT_URL } : {}),
    ...(RABBITMQ_CLIENT_USERNAME ? { clientUsername: RABBITMQ_CLIENT_USERNAME } : {}),
    ...(RABBITMQ_CLIENT_PASSWORD ? { clientPassword: RABBITMQ_CLIENT_PASSWORD } : {}),
  };
}

/**
 * The given broker, or a private RabbitMQ node.
 * @throws Error saying both ways when there is neither
 */
export async function openBroker(given: GivenBroker | string | undefined): Promise<OpenBroker> {
  const broker = typeof given === 'string' ? { amqpUrl: given } : given;
  return broker === undefined ? startPrivate() : useGiven(broker);
}

async function useGiven(broker: GivenBroker): Promise<OpenBroker> {
  const { managementUrl } = broker;
  const vhost = managementUrl ? await makeVirtualHost(broker.amqpUrl, managementUrl) : undefined;
  const amqpUrl = vhost?.amqpUrl ?? broker.amqpUrl;
  return { amqpUrl, settings: settingsFor({ ...broker, amqpUrl }), close: async () => vhost?.remove() };
}

async function startPrivate(): Promise<OpenBroker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'relay-playwright-'));
  const removeData = () => rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  try {
    const broker = await startBroker({ dataDir });
    return {
      amqpUrl: broker.amqpUrl,
      settings: settingsFor(broker),
      close: async () => {
        await broker.stop();
        await removeData();
      },
    };
  } catch (error) {
    await removeData();
    throw error instanceof NotInstalledError ? new Error(HOW_TO_GET_A_BROKER) : error;
  }
}

const HOW_TO_GET_A_BROKER = `The relay under test needs RabbitMQ. Either
  - install it, and each worker starts a private node on free ports ("apt-get install rabbitmq-server" or "brew install
    rabbitmq"; the system's service need not run), or
  - name a broker that runs, with the plugins rabbitmq_web_stomp and rabbitmq_management: RABBITMQ_URL=amqp://…,
    RABBITMQ_WEB_STOMP_URL=ws://…, RABBITMQ_MANAGEMENT_URL=http://…, or test.use({ relayOptions: { broker: { amqpUrl: … } } }).`;

function settingsFor(broker: GivenBroker): Record<string, string> {
  const { amqpUrl, webStompUrl, managementUrl, clientUsername, clientPassword } = broker;
  return {
    RABBITMQ_URL: amqpUrl,
    ...(webStompUrl ? { RABBITMQ_WEB_STOMP_URL: webStompUrl } : {}),
    ...(managementUrl ? { RABBITMQ_MANAGEMENT_URL: managementUrl } : {}),
    ...(clientUsername ? { RABBITMQ_CLIENT_USERNAME: clientUsername } : {}),
    ...(clientPassword ? { RABBITMQ_CLIENT_PASSWORD: clientPassword } : {}),
  };
}
