import { Service } from './amqp.js';
import { broker } from './broker.js';
import { Mailroom } from './mailroom.js';
import { CuttingProxy } from './proxy.js';
import { startRelay, type TestRelay } from './relay.js';

/** Everything around the broker of a test file, and all of it ends together. */
export class World {
  private readonly parts: { close(): Promise<void> }[] = [];

  relay(env: Record<string, string> = {}): Promise<TestRelay> {
    return this.keep(startRelay(env));
  }

  /** A relay that the broker sees die when `die` is called: its connections are cut, and stay so. */
  async mortalRelay(env: Record<string, string> = {}): Promise<{ relay: TestRelay; die(): void }> {
    const proxy = await CuttingProxy.open(broker().amqpUrl);
    const relay = await this.relay({ RABBITMQ_URL: proxy.url, ...env });
    this.parts.push(proxy);
    return { relay, die: () => proxy.fail() };
  }

  service(): Promise<Service> {
    return this.keep(Service.open());
  }

  mailroom(): Promise<Mailroom> {
    return this.keep(Mailroom.open());
  }

  /** Something else that ends with the rest. */
  async keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const part = await opening;
    this.parts.push(part);
    return part;
  }

  async close(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.close().catch(() => {})));
  }
}
