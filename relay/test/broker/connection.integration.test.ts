import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AmqpConnection } from '../../src/broker/connection.js';
import { createLogger } from '../../src/logger.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { waitFor } from '../support/wait.js';

let proxy: CuttingProxy;
let connection: AmqpConnection;

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().amqpUrl);
  connection = new AmqpConnection(proxy.url, createLogger('silent'), 'test');
});
afterEach(async () => {
  await connection.close();
  await proxy.close();
});

const up = () => waitFor(() => connection.up, { what: 'the connection' });
const down = () => waitFor(() => !connection.up, { what: 'the loss' });

it('is up when it opened, and says why when it is not', async () => {
  expect(connection.lastError).toBeDefined();
  await connection.open();
  expect([connection.up, connection.lastError]).toEqual([true, undefined]);
  proxy.fail();
  await down();
  expect(connection.lastError).toBeDefined();
  await expect(connection.use(() => Promise.resolve())).rejects.toThrow(/down/);
  proxy.restore();
  await up();
  expect(connection.lastError).toBeUndefined();
});

it('does not reject when the broker is away, and comes up later', async () => {
  proxy.fail();
  await connection.open();
  expect(connection.up).toBe(false);
  proxy.restore();
  await up();
});

it('runs its preparations in order on every connection, before it is up', async () => {
  const steps: string[] = [];
  for (const name of ['one', 'two']) {
    connection.onConnect(async () => {
      steps.push(`${name} ${connection.up}`);
      await new Promise(setImmediate);
    });
  }
  await connection.open();
  proxy.cut();
  await down();
  await up();
  expect(steps).toEqual(['one false', 'two false', 'one false', 'two false']);
});

it('starts over when a preparation fails', async () => {
  let attempts = 0;
  connection.onConnect(async () => {
    if (++attempts < 3) throw new Error('not yet');
  });
  await connection.open();
  expect([connection.up, connection.lastError?.message]).toEqual([false, 'not yet']);
  await up();
  expect(attempts).toBe(3);
});

it('starts over when it is reset', async () => {
  await connection.open();
  connection.reset(new Error('unusable'));
  expect([connection.up, connection.lastError?.message]).toEqual([false, 'unusable']);
  await up();
  expect(proxy.passed).toBe(2);
});

it('stays closed', async () => {
  await connection.open();
  await connection.close();
  expect(connection.up).toBe(false);
  await connection.open();
  expect([connection.up, proxy.passed]).toEqual([false, 1]);
});

it('uses a heart-beat, so that a dead broker is noticed, unless the URL says otherwise', async () => {
  await connection.open();
  const heartbeat = (model: unknown) => (model as { connection: { heartbeat: number } }).connection.heartbeat;
  expect(await connection.use(async (model) => heartbeat(model))).toBe(10);
  const other = new AmqpConnection(`${proxy.url}?heartbeat=7`, createLogger('silent'), 'test');
  await other.open();
  expect(await other.use(async (model) => heartbeat(model))).toBe(7);
  await other.close();
});

it('does not wait for the broker to close a connection that cannot be used, and cuts it in the end', async () => {
  let first = true;
  let socketOf: Duplex | undefined;
  connection.onConnect(async (model) => {
    if (!first) return;
    first = false;
    socketOf = (model.connection as unknown as { stream: Duplex }).stream;
    // A channel that is stuck in the broker keeps it from answering.
    model.close = () => new Promise(() => {});
    throw new Error('unusable');
  });
  await connection.open();
  await up();
  await waitFor(() => socketOf?.destroyed, { what: 'the end of the first connection', timeout: 10_000 });
  expect(connection.up).toBe(true);
});
