import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { CuttingProxy } from '../support/proxy.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let proxy: CuttingProxy;
let service: Service;
let relay: TestRelay;
let client: RawClient;
const queues: string[] = [];

async function start(env: Record<string, string> = {}): Promise<void> {
  relay = await startRelay({ RABBITMQ_WEB_STOMP_URL: proxy.url, ...env });
  client = await relay.connected(unique('dave'));
}

beforeEach(async () => {
  proxy = await CuttingProxy.open(inject('broker').webStompUrl);
  service = await Service.open();
});
afterEach(async () => {
  await relay.close();
  for (const queue of queues.splice(0)) await service.channel.deleteQueue(queue);
  await service.close();
  await proxy.close();
});

async function outage(): Promise<void> {
  proxy.fail();
  await waitFor(async () => (await fetch(`${relay.url}/readyz`)).status === 503, { what: 'the loss' });
}

describe('a SUBSCRIBE that is taken back at once', () => {
  it.each(['/topic/x', '/user/topic/x'])('holds nothing up: %s', async (destination) => {
    await start();
    for (let i = 0; i < 20; i++) {
      client.send('SUBSCRIBE', { id: `s${i}`, destination });
      client.send('UNSUBSCRIBE', { id: `s${i}` });
    }
    client.send('SEND', { destination: '/topic/y', receipt: 'sent' }, 'x');
    await client.receipt('sent');
  });
});

describe('DISCONNECT', () => {
  it.each(['/topic/', '/queue/'])('right after SENDs to %s loses none of them', async (prefix) => {
    await start();
    const name = unique('bye');
    queues.push(name);
    const tap = prefix === '/topic/' ? await service.tap('amq.topic', name) : undefined;
    if (!tap) await service.channel.assertQueue(name, { durable: true });
    for (let i = 0; i < 10; i++) client.send('SEND', { destination: prefix + name }, String(i));
    client.send('DISCONNECT', { receipt: 'bye' });
    expect((await client.over()).code).toBe(1000);
    expect(client.frames.at(-1)?.headers['receipt-id']).toBe('bye');
    if (tap) {
      await tap.message('9');
      expect(tap.bodies()).toHaveLength(10);
    } else expect((await service.channel.checkQueue(name)).messageCount).toBe(10);
  });
});

describe('a broker that is away', () => {
  it.each(['/topic/x', '/queue/x'])(
    'has a SEND to %s refused in time, with its receipt-id, and the client told to come back',
    async (destination) => {
      await start({ RELAY_SEND_TIMEOUT: '1000' });
      await outage();
      client.send('SEND', { destination, receipt: 'late' }, 'x');
      const { error, code } = await client.refused();
      expect([error.headers.code, error.headers['receipt-id']]).toEqual(['ERR_SEND_TIMEOUT', 'late']);
      expect(code).toBe(4503);
    },
  );

  it('costs clients nothing but delay', async () => {
    await start();
    const name = unique('delay');
    queues.push(name);
    await outage();
    client.send('SUBSCRIBE', { id: 't', destination: `/topic/${name}`, receipt: 'topic' });
    client.send('SUBSCRIBE', { id: 'q', destination: `/queue/${name}`, receipt: 'queue' });
    client.send('SEND', { destination: `/topic/${name}`, receipt: 'sent' }, 'to the topic');
    client.send('SEND', { destination: `/queue/${name}` }, 'to the queue');
    await waitFor(() => proxy.refused >= 8, { what: 'attempts' });
    expect(client.frames.map(({ command }) => command)).toEqual(['CONNECTED']);
    proxy.restore();
    for (const receipt of ['topic', 'queue', 'sent']) await client.receipt(receipt);
    await client.message('to the topic');
    await client.message('to the queue');
  });
});

describe('a client that goes silent', () => {
  it('is told why before its connection ends', async () => {
    await start();
    const silent = await relay.connected(unique('silent'), {}, { 'heart-beat': '1000,0' });
    expect((await silent.over()).code).toBe(4409);
  });

  it('is not closed while it answers pings, when it agreed to no heart-beats', async () => {
    await start({ RELAY_PING_INTERVAL: '1000' });
    await waitFor(() => client.pings.length >= 3, { what: 'pings' });
    expect(client.closed).toBeUndefined();
  });
});
