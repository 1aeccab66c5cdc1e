import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { manage } from '../support/management.js';
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
  proxy = await CuttingProxy.open(broker().webStompUrl);
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
  it.each(['/topic/x', '/user/topic/x', '/queue/x'])('holds nothing up: %s', async (destination) => {
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

describe('DISCONNECT while the broker is away', () => {
  it.each(['/topic/', '/queue/'])('does not claim that a SEND to %s got there', async (prefix) => {
    await start();
    const name = unique('bye');
    queues.push(name);
    // The link that the SEND goes over is there already, and goes away.
    client.send('SEND', { destination: prefix + name, receipt: 'before' });
    await client.receipt('before');
    await outage();
    client.send('SEND', { destination: prefix + name });
    client.send('DISCONNECT', { receipt: 'bye' });
    expect((await client.over()).code).toBe(4503);
    expect(client.frames.map(({ headers }) => headers['receipt-id'])).toEqual([undefined, 'before']);
  });
});

describe('one who acknowledges nothing', () => {
  it('is closed by number or by time, so that the others of the relay get theirs', async () => {
    const limits = { RELAY_USER_PREFETCH: '6', RELAY_MAX_UNACKED: '4', RELAY_ACK_TIMEOUT: '1000' };
    await start(limits);
    const names = ['greedy', 'idle', 'other'].map(unique);
    const [greedy = '', idle = '', other = ''] = names;
    const clients = await Promise.all(names.map((name) => relay.connected(name)));
    const modes = ['client', 'client-individual', 'auto'];
    await Promise.all(
      clients.map((one, i) => one.subscribed('s', '/user/topic/x', { ack: modes[i] ?? 'auto' })),
    );
    const unread = await service.tap('relay.unread', `${greedy}.#`);
    for (let i = 0; i < 8; i++) await service.toUser(greedy, 'topic.x', String(i));
    for (let i = 0; i < 3; i++) await service.toUser(idle, 'topic.x', String(i));
    await service.toUser(other, 'topic.x', 'for the other');
    await clients[2]?.message('for the other');
    expect((await clients[0]?.refused())?.error.headers.code).toBe('ERR_TOO_MANY_UNACKED');
    const late = await clients[1]?.refused();
    expect([late?.error.headers.code, late?.code]).toEqual(['ERR_ACK_TIMEOUT', 4429]);
    await waitFor(() => unread.messages.length >= 8, { what: () => `all of them; have ${unread.bodies()}` });
    // In whatever order: what is published after the close does not take the way over the node queue.
    expect(unread.bodies().sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
  });
});

describe('durable subscriptions', () => {
  const RULES = `
version: 1
rules:
  - subscribe: [/topic/#, '/queue/#', '/amq/queue/#']
    send: [/topic/#]
    headers: [durable, auto-delete, x-queue-name]
`;
  const durable = { durable: 'true', 'auto-delete': 'false' };

  /** The names of the queues that this topic leads to. */
  async function queuesOf(topic: string): Promise<string[]> {
    const path = `exchanges/${broker().vhost}/amq.topic/bindings/source`;
    const all = await manage<{ routing_key: string; destination: string }[]>(broker(), 'GET', path);
    return all.filter(({ routing_key: key }) => key === topic).map(({ destination }) => destination);
  }

  it('of two users with one id have a queue each, which nobody else gets at', async () => {
    relay = await startRelay({ RABBITMQ_WEB_STOMP_URL: proxy.url }, RULES);
    const topic = unique('durable');
    const users = [unique('erin'), unique('frank')] as const;
    const clients = await Promise.all(users.map((user) => relay.connected(user)));
    for (const one of clients) await one.subscribed('sub-0', `/topic/${topic}`, durable);
    await service.toTopic(topic, 'for both');
    for (const one of clients) await one.message('for both');
    const names = await queuesOf(topic);
    const own = users.map((user) => names.filter((name) => name.includes(user)));
    expect([names.length, ...own.map(({ length }) => length)]).toEqual([2, 1, 1]);
    for (const one of clients) one.send('DISCONNECT');
    for (const one of clients) await one.over();
    await service.toTopic(topic, 'meanwhile');

    const victim = own[0]?.[0] ?? '';
    for (const destination of [`/queue/${victim}`, `/amq/queue/${victim}`]) {
      const thief = await relay.connected(unique('mallory'));
      thief.send('SUBSCRIBE', { id: 's', destination });
      expect((await thief.refused()).error.headers.code).toBe('ERR_DESTINATION_RESERVED');
    }
    const thief = await relay.connected(unique('mallory'));
    thief.send('SUBSCRIBE', { id: 's', destination: '/queue/x', 'x-queue-name': victim });
    expect((await thief.refused()).error.headers.code).toBe('ERR_FORBIDDEN');

    for (const user of users) {
      const back = await relay.connected(user);
      await back.subscribed('sub-0', `/topic/${topic}`, durable);
      await back.message('meanwhile');
      back.send('UNSUBSCRIBE', { id: 'sub-0', durable: 'true', receipt: 'gone' });
      await back.receipt('gone');
    }
    expect(await queuesOf(topic)).toEqual([]);
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
