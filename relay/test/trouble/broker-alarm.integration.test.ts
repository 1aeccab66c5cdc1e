import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../../rabbitmq/launcher/index.js';
import type { Report } from '../../src/doctor/report.js';
import { run } from '../cli/run.js';
import { Service } from '../support/amqp.js';
import { memoryAlarm } from '../support/broker-alarm.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { metric, numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

// A broker of its own: everybody who publishes there has to wait.
const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-alarm-'));
let broker: Broker;
let relay: TestRelay;
let service: Service;

beforeAll(async () => {
  broker = await startBroker({ dataDir });
  relay = await startRelay({
    RABBITMQ_URL: broker.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
    RABBITMQ_MANAGEMENT_URL: broker.managementUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
    RELAY_SEND_TIMEOUT: '2000',
  });
  service = await Service.open(broker.amqpUrl);
});
afterEach(() => alarm(false));
afterAll(async () => {
  await service?.close();
  await relay?.close();
  await broker?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const seen = () => metric(relay, 'relay_broker_alarm');

/** Resolves when the relay knows of it. */
async function alarm(on: boolean): Promise<void> {
  await memoryAlarm(dataDir, on);
  await waitFor(async () => (await seen()) === (on ? 1 : 0), {
    what: `the relay to see the alarm ${on ? 'on' : 'off'}`,
  });
}

const receipts = (frames: readonly { command: string; headers: Record<string, string> }[]) =>
  frames.filter(({ command }) => command === 'RECEIPT').map(({ headers }) => headers['receipt-id']);

describe('while the broker is short of memory', () => {
  it('a message over HTTP is refused without being sent, and is taken when it is over', async () => {
    const user = unique('http');
    const tap = await service.tapUnread(user);
    const post = async (body: string) =>
      fetch(`${relay.url}/api/users/${user}/messages`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await relay.token('shop')}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ destination: '/topic/reply', body }),
      });
    await alarm(true);
    const refused = await post('in the alarm');
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { code: 'ERR_BROKER_UNAVAILABLE' } },
    ]);
    await alarm(false);
    expect((await post('afterwards')).status).toBe(200);
    await tap.message('afterwards');
    expect(tap.bodies()).toEqual(['afterwards']);
  });

  it.each(['/topic/', '/queue/'])(
    'SENDs to %s wait, unread at the socket, longer than they may otherwise, and arrive in order when it is over',
    async (prefix) => {
      const name = unique('waits');
      await service.channel.assertQueue(name, { durable: true });
      await service.channel.bindQueue(name, 'amq.topic', name);
      const sender = await relay.stomp('alice', { heartbeat: { outgoing: 1000, incoming: 1000 } });
      sender.send(prefix + name, 'before', { receipt: 'before' });
      await sender.receipt('before');
      await alarm(true);
      const sent = numbered(3000);
      for (const body of sent) sender.send(prefix + name, body.padEnd(2000, '.'), { receipt: body });
      // Two heart-beats' time and RELAY_SEND_TIMEOUT are over.
      const since = Date.now();
      await waitFor(() => Date.now() - since > 5000, { what: 'five seconds' });
      expect([receipts(sender.frames), sender.closed]).toEqual([['before'], undefined]);
      // 6 MB do not fit into the buffers of two sockets: what is left is still the client's.
      expect(sender.unsent).toBeGreaterThan(0);
      expect((await service.channel.checkQueue(name)).messageCount).toBe(1);
      await alarm(false);
      await sender.receipt('2999');
      expect(receipts(sender.frames)).toEqual(['before', ...sent]);
      expect((await service.channel.checkQueue(name)).messageCount).toBe(3001);
      await sender.disconnect();
      await service.channel.deleteQueue(name);
    },
  );

  it('everybody else goes on: CONNECT, SUBSCRIBE, ACK, heart-beats, private links, a new token', async () => {
    const user = unique('bob');
    const name = unique('goes-on');
    await service.channel.assertQueue(name, { durable: true });
    const client = await relay.stomp(user, { heartbeat: { outgoing: 1000, incoming: 1000 } });
    await client.subscribed('/user/mail', { id: 'mail', ack: 'client-individual' });
    await client.subscribed(`/queue/${name}`, {
      id: 'queue',
      ack: 'client-individual',
      'prefetch-count': '1',
    });
    await service.allToUser(user, 'mail', numbered(3));
    for (const body of numbered(3)) await service.publish('', name, body);
    const mail = await client.received(3, 'mail');
    await client.received(1, 'queue');
    await alarm(true);
    const late = await relay.stomp(unique('late'), { heartbeat: { outgoing: 1000, incoming: 1000 } });
    await late.subscribed('/user/mail', { id: 'm' });
    await late.subscribed('/topic/new', { id: 't' });
    await late.unsubscribed('t');
    for (const [i, message] of mail.entries()) client.ack(message, { receipt: `ack-${i}` });
    await client.receipt('ack-2');
    // Each of them brings the next one, so the broker reads the acknowledgements.
    for (let i = 0; i < 2; i++) client.ack((await client.received(i + 1, 'queue'))[i] as never);
    await client.received(3, 'queue');
    client.send('/relay/token', '', { Authorization: await relay.token(user), receipt: 'token' });
    await client.receipt('token');
    const since = Date.now();
    await waitFor(() => Date.now() - since > 3000, { what: 'the time of some heart-beats' });
    expect([client.closed, late.closed]).toEqual([undefined, undefined]);
    const { status } = await fetch(`${relay.url}/readyz`);
    expect(status).toBe(200);
    await client.disconnect();
    await late.disconnect();
    await alarm(false);
    await service.channel.deleteQueue(name);
  });

  it('/readyz says so', async () => {
    await alarm(true);
    const state = (await (await fetch(`${relay.url}/readyz`)).json()) as { ready: boolean; alarm?: string };
    expect(state).toMatchObject({ ready: true, alarm: expect.stringContaining('memory') as string });
    await alarm(false);
    expect(await (await fetch(`${relay.url}/readyz`)).json()).not.toHaveProperty('alarm');
  });

  it('the doctor says so at once, and reads nothing into what the broker does not answer', async () => {
    await alarm(true);
    const env = {
      RABBITMQ_URL: broker.amqpUrl,
      RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
      RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
      RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
    };
    const { code, out } = await run('doctor', ['--json'], { env });
    const { findings } = JSON.parse(out) as Report;
    const errors = findings.filter(({ level }) => level === 'error');
    expect([code, errors]).toMatchObject([
      1,
      [{ code: 'DOC_ALARM', what: expect.stringContaining('memory') as string }],
    ]);
  });

  it('unread mail can be fetched and acknowledged; what needs the keeper is refused at once', async () => {
    const user = unique('carol');
    await service.allToUser(user, 'topic.reply', numbered(4));
    const unread = await UnreadClient.of(relay, user);
    await unread.waiting(4);
    await alarm(true);
    const page = await unread.pull(2);
    expect(page.messages.map(({ body }) => body)).toEqual(['0', '1']);
    expect(await unread.ack(page.lease)).toBe(2);
    const since = Date.now();
    for (const refused of [unread.counts(), unread.clear()]) {
      await expect(refused).rejects.toMatchObject({ status: 503 });
    }
    // Not after the 5 s for which an answer is waited for else.
    expect(Date.now() - since).toBeLessThan(4500);
    const client = await relay.stomp(user);
    await client.subscribed('/user/topic/reply', { id: 'r', unread: 'replay' });
    expect((await client.received(2, 'r')).map(({ body }) => body.toString())).toEqual(['2', '3']);
    await client.disconnect();
    await alarm(false);
    await unread.waiting(0);
  });

  it('a second alarm is seen like the first', async () => {
    for (let round = 0; round < 2; round++) {
      await alarm(true);
      await alarm(false);
    }
    const client = await relay.stomp('dave');
    client.send('/topic/x', 'x', { receipt: 'x' });
    await client.receipt('x');
  });
});
