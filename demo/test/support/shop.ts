import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from 'amqplib';
import { sealEnvelope } from 'stomp-relay/envelope';
import type { Service } from '../../../relay/test/support/amqp.js';
import { broker } from '../../../relay/test/support/broker.js';
import { services } from '../../services/all.js';
import { Database } from '../../services/database.js';
import { type RunningService, startService } from '../../services/service.js';

export interface ShopOptions {
  /** Names of services. Default: all. */
  readonly only?: readonly string[];
  readonly speed?: number;
  readonly amqpUrl?: string;
  /** Default: nothing happens unless a test asks for it. */
  readonly quiet?: boolean;
}

/** The demo's services in this process, with a folder of their own. */
export class Shop {
  /** What the services have complained about. */
  readonly warnings: string[] = [];
  private running: RunningService[] = [];

  private constructor(
    private readonly folder: string,
    private readonly options: ShopOptions,
  ) {}

  static async open(options: ShopOptions = {}): Promise<Shop> {
    const shop = new Shop(mkdtempSync(join(tmpdir(), 'demo-test-')), options);
    await shop.start();
    return shop;
  }

  async start(speed = this.options.speed ?? 20): Promise<void> {
    const { only, quiet = true, amqpUrl = broker().amqpUrl } = this.options;
    const warn = (message: string, details?: object) =>
      this.warnings.push(`${message} ${JSON.stringify(details ?? {})}`);
    const wanted = services.filter(({ name }) => only?.includes(name) ?? true);
    this.running = await Promise.all(
      wanted.map((service) =>
        startService(service, {
          amqpUrl,
          dataFolder: this.folder,
          speed,
          quiet,
          log: () => ({ info: () => {}, warn }),
        }),
      ),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.splice(0).map((service) => service.close()));
  }

  /** How many rows the query finds in the database of a service. */
  rows(name: string, sql: string): number {
    const database = Database.open(this.folder, name, '');
    try {
      return database.all(sql).length;
    } finally {
      database.close();
    }
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Says something to the services as one of them would. */
export function publishEvent(
  service: Service,
  what: string,
  content: unknown,
  options: Options.Publish = {},
): Promise<void> {
  const messageId = randomUUID();
  const body = seal('event', what, content);
  return service.publish('demo.events', what, body, { persistent: true, messageId, ...options });
}

/** Asks them as a relay would, whatever the client has written. */
export function publishRequest(
  service: Service,
  what: string,
  content: unknown,
  options: Options.Publish,
): Promise<void> {
  return service.publish('relay.app', what, seal('request', what, content), options);
}

function seal(messageType: 'event' | 'request', businessType: string, content: unknown): string {
  return sealEnvelope({
    sendType: 'service',
    messageType,
    businessType,
    fromUniqueId: 'test',
    toUniqueId: '',
    fromClientType: 'service',
    content,
  });
}
