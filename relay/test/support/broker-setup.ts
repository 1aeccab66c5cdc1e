import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startBroker } from '../../../rabbitmq/launcher/index.js';
import { keepLogs, keepSecret } from './run-log.js';

/** The RabbitMQ node that all integration tests of one run share; each file has a virtual host of its own on it. */
export interface SharedNode {
  amqpUrl: string;
  webStompUrl: string;
  managementUrl: string;
  clientUsername: string;
  clientPassword: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    sharedNode: SharedNode;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-broker-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    const broker = await startBroker({ dataDir });
    for (const url of [broker.amqpUrl, broker.webStompUrl]) keepSecret(new URL(url).password);
    keepSecret(broker.clientPassword);
    project.provide('sharedNode', {
      amqpUrl: broker.amqpUrl,
      webStompUrl: broker.webStompUrl,
      managementUrl: broker.managementUrl,
      clientUsername: broker.clientUsername,
      clientPassword: broker.clientPassword,
    });
    return async () => {
      await broker.stop();
      keepLogs(dataDir);
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}
