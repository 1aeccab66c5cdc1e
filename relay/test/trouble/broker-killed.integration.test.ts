import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, connect } from 'amqplib';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from '../../../rabbitmq/launcher/index.js';
import { readConfig } from '../../src/config.js';
import { openRelay, type Relay } from '../../src/relay.js';
import { runLog } from '../support/run-log.js';
import { StompClient } from '../support/stomp.js';
import { waitFor } from '../support/wait.js';

// A broker of its own: it is killed.
const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-killed-'));
const secret = 'the-secret-of-this-test-and-no-other';
let broker: Broker;
let relays: Relay[] = [];

beforeAll(async () => {
  broker = await startBroker({ dataDir });
  const env = {
    RELAY_PORT: '0',
    RELAY_DEMO: '1',
    RELAY_LOG_LEVEL: 'silent',
    RELAY_JWT_SECRET: secret,
    RABBITMQ_URL: broker.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
  };
  relays = await Promise.all([openRelay(readConfig(env), runLog()), openRelay(readConfig(env), runLog())]);
});

afterAll(async () => {
  await Promise.all(relays.map((relay) => relay.close()));
  await broker?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function client(relay: number, user: string): Promise<StompClient> {
  const token = await new SignJWT({ sub: user })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(secret));
  return StompClient.open({
    url: `${relays[relay]?.url.replace('http', 'ws')}/ws`,
    connectHeaders: { Authorization: `Bearer ${token}` },
    heartbeat: { outgoing: 1000, incoming: 1000 },
  });
}

async function readyz(relay: number): Promise<number> {
  return (await fetch(`${relays[relay]?.url}/readyz`)).status;
}

/** A queue that gets a copy of everything unread: the intake itself has one consumer only. */
const COPY = 'test.unread';

async function withChannel<T>(action: (channel: Channel) => Promise<T>): Promise<T> {
  const connection = await connect(broker.amqpUrl);
  try {
    return await action(await connection.createChannel());
  } finally {
    await connection.close();
  }
}

function copyUnread(): Promise<unknown> {
  return withChannel(async (channel) => {
    await channel.assertQueue(COPY, { durable: true });
    await channel.bindQueue(COPY, 'relay.unread', '#');
  });
}

function unread(): Promise<string[]> {
  return withChannel(async (channel) => {
    const bodies: string[] = [];
    for (;;) {
      const message = await channel.get(COPY, { noAck: true });
      if (message === false) return bodies;
      bodies.push(message.content.toString());
    }
  });
}

test('kill -9 of the broker in the middle of 10,000 confirmed sends loses none, and no client has to reconnect', async () => {
  const count = 10_000;
  await copyUnread();
  const alice = await client(0, 'alice');
  const bob = await client(1, 'bob');
  await alice.subscribed('/user/topic/reply', { id: 'mail' });
  await alice.subscribed('/topic/public.after', { id: 'after' });
  await alice.subscribed('/queue/demo.after', { id: 'queue', ack: 'client-individual' });

  const confirmed = () => bob.frames.filter(({ command }) => command === 'RECEIPT').length;
  let sent = 0;
  const sendUpTo = (limit: number) => {
    for (; sent < limit; sent++) bob.send('/user/alice/topic/reply', `n${sent}`, { receipt: `r${sent}` });
  };
  sendUpTo(4000);
  await waitFor(() => confirmed() > 1000, { what: 'the first confirmed sends' });
  await broker.kill();
  sendUpTo(7000);
  await waitFor(async () => (await readyz(0)) === 503, { what: '/readyz to say that the broker is away' });
  // What is asked for while the broker is away is done when it is back.
  alice.subscribe('/user/topic/late', { id: 'late', receipt: 'late' });
  await broker.restart();
  sendUpTo(count);

  await waitFor(() => confirmed() === count, {
    what: () => `all receipts, ${confirmed()} came`,
    timeout: 60_000,
  });
  await waitFor(async () => (await readyz(0)) === 200, { what: '/readyz to say that all is well' });
  await alice.receipt('late');
  const received = () => new Set(alice.messages('mail').map(({ body }) => body.toString()));
  const missing = () => {
    const have = received();
    return Array.from({ length: count }, (_, i) => `n${i}`).filter((body) => !have.has(body));
  };
  const stored: string[] = [];
  await waitFor(
    async () => {
      stored.push(...(await unread()));
      return missing().every((body) => stored.includes(body));
    },
    {
      what: () => `every confirmed message, ${missing().length} are missing`,
      timeout: 30_000,
      interval: 250,
    },
  );

  // Every kind of subscription works on, without the client having done anything.
  bob.send('/topic/public.after', 'topic');
  bob.send('/queue/demo.after', 'queue');
  bob.send('/user/alice/topic/late', 'late');
  for (const id of ['after', 'queue', 'late']) {
    await waitFor(() => alice.messages(id).length > 0, { what: `a message on ${id}` });
  }
  expect(alice.closed).toBeUndefined();
  expect(bob.closed).toBeUndefined();
  expect(alice.error()).toBeUndefined();
  expect(bob.error()).toBeUndefined();
}, 120_000);
