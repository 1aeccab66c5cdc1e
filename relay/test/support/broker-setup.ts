import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startBroker } from '../../../rabbitmq/launcher/index.js';

/** The broker that all integration tests of one run share: `inject('broker')`. */
export interface SharedBroker {
  amqpUrl: string;
  webStompUrl: string;
  managementUrl: string;
  clientUsername: string;
  clientPassword: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    broker: SharedBroker;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-broker-'));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    const broker = await startBroker({ dataDir });
    project.provide('broker', {
      amqpUrl: broker.amqpUrl,
      webStompUrl: broker.webStompUrl,
      managementUrl: broker.managementUrl,
      clientUsername: broker.clientUsername,
      clientPassword: broker.clientPassword,
    });
    return async () => {
      await broker.stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}
