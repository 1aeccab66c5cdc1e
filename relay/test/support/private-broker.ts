import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, startBroker } from '../../../rabbitmq/launcher/index.js';
import { Service } from './amqp.js';
import { Mailroom } from './mailroom.js';
import { CuttingProxy } from './proxy.js';
import { startRelay, type TestRelay } from './relay.js';

/** A broker of a test's own, for what the relays of other tests must not take part in, and everything to end with it. */
export class PrivateBroker {
  private readonly parts: { close(): Promise<void> }[] = [];

  private constructor(
    readonly broker: Broker,
    private readonly dataDir: string,
  ) {}

  static async start(): Promise<PrivateBroker> {
    const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-private-'));
    try {
      return new PrivateBroker(await startBroker({ dataDir }), dataDir);
    } catch (error) {
      rmSync(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  relay(env: Record<string, string> = {}): Promise<TestRelay> {
    const { amqpUrl, webStompUrl, managementUrl, clientUsername, clientPassword } = this.broker;
    return this.keep(
      startRelay({
        RABBITMQ_URL: amqpUrl,
        RABBITMQ_WEB_STOMP_URL: webStompUrl,
        RABBITMQ_MANAGEMENT_URL: managementUrl,
        RABBITMQ_CLIENT_USERNAME: clientUsername,
        RABBITMQ_CLIENT_PASSWORD: clientPassword,
        ...env,
      }),
    );
  }

  /** A relay that the broker sees die when `die` is called: its connections are cut, and stay so. */
  async mortalRelay(env: Record<string, string> = {}): Promise<{ relay: TestRelay; die(): void }> {
    const proxy = await CuttingProxy.open(this.broker.amqpUrl);
    const relay = await this.relay({ RABBITMQ_URL: proxy.url, ...env });
    this.parts.push(proxy);
    return { relay, die: () => proxy.fail() };
  }

  service(): Promise<Service> {
    return this.keep(Service.open(this.broker.amqpUrl));
  }

  mailroom(): Promise<Mailroom> {
    return this.keep(Mailroom.open(this.broker.amqpUrl));
  }

  async stop(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.close().catch(() => {})));
    await this.broker.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  /** Something else that ends with the broker. */
  async keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const part = await opening;
    this.parts.push(part);
    return part;
  }
}
