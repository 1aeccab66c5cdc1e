import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Broker, startBroker } from '../../../rabbitmq/launcher/index.js';
import { openPublisher, type Publisher, type PublisherOptions } from '../../publisher/index.js';
import { memoryAlarm } from '../support/broker-alarm.js';
import { Authority } from '../support/certificates.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

/** Fewer for a quick look: `PUBLISHER_MESSAGES=5000`. */
const COUNT = Number(process.env.PUBLISHER_MESSAGES ?? 50_000);
const USERS = 20;

// A broker of its own: it is killed.
let authority: Authority;
let broker: Broker;
let relay: TestRelay;
let publisher: Publisher;

const node = () => `${authority.folder}/node`;
const open = (options: Partial<PublisherOptions> = {}) => openPublisher({ url: broker.amqpUrl, ...options });

beforeAll(async () => {
  authority = await Authority.found();
  const server = await authority.issue('the broker', { names: ['localhost'], addresses: ['127.0.0.1'] });
  const tls = {
    cert: authority.write('broker.pem', server.cert),
    key: authority.write('broker.key', server.key),
  };
  broker = await startBroker({ dataDir: node(), tls });
  relay = await startRelay({
    RABBITMQ_URL: broker.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
    RABBITMQ_MANAGEMENT_URL: broker.managementUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
  });
  publisher = await open({ maxBuffered: { messages: 3000 } });
});
afterAll(async () => {
  await publisher?.close();
  await relay?.close();
  await broker?.stop();
  authority?.close();
});

test('speaks TLS, and only to a broker that its authorities vouch for', async () => {
  const url = broker.secure?.amqpUrl ?? '';
  const refused = await openPublisher({ url }).catch((error: Error) => error);
  expect(refused).toMatchObject({ code: 'ERR_CONNECT' });
  const secure = await openPublisher({ url, tls: { ca: authority.cert } });
  await secure.toUser('tessa', '/topic/reply', 'over TLS');
  await secure.close();
});

test('waits while the broker has an alarm, and says so', async () => {
  await memoryAlarm(node(), true);
  try {
    const calls = numbered(50).map((body) => publisher.toUser('alma', '/topic/reply', body));
    await waitFor(() => publisher.state.value.status === 'blocked', {
      what: () => `the alarm to be noticed; ${JSON.stringify(publisher.state.value)}`,
    });
    // Added while it is known: not even written.
    const later = publisher.toUser('alma', '/topic/reply', 'later', { timeout: 60_000 });
    const given = publisher.toUser('alma', '/topic/reply', 'given up', { timeout: 50 });
    await expect(given).rejects.toMatchObject({ code: 'ERR_TIMEOUT', mayHaveArrived: false });
    await memoryAlarm(node(), false);
    await Promise.all([...calls, later]);
    expect(publisher.state.value.status).toBe('connected');
    const mail = await UnreadClient.of(relay, 'alma');
    await mail.waiting(51);
    expect(await mail.readAll()).toEqual([...numbered(50), 'later']);
  } finally {
    await memoryAlarm(node(), false);
  }
});

test(`G10: survives kill -9 of the broker during ${COUNT} toUser calls: every resolved promise is a message that arrived`, async () => {
  const users = Array.from({ length: USERS }, (_, index) => `user-${index}@example.com`);
  // Half of them are there, and the others are not.
  const live = new Map<string, RawClient>();
  for (const user of users.slice(0, USERS / 2)) {
    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    live.set(user, client);
  }

  const started = performance.now();
  const resolved: { user: string; body: string }[] = [];
  const failed: unknown[] = [];
  /** Kills it in the middle of what is on the wire, and starts it again after calls have come in without it. */
  const killAt = async (confirmed: number) => {
    await waitFor(() => resolved.length >= confirmed, { what: `${confirmed} confirms`, timeout: 120_000 });
    await broker.kill();
    expect(resolved.length).toBeLessThan(COUNT);
    await broker.restart();
  };
  const kills = killAt(COUNT / 5).then(() => killAt((3 * COUNT) / 5));
  const calls: Promise<void>[] = [];
  for (let number = 0; number < COUNT; number += 1) {
    const user = users[number % USERS] ?? '';
    const body = String(number);
    await publisher.ready();
    calls.push(
      publisher.toUser(user, '/topic/reply', body, { messageId: `k-${number}` }).then(
        () => void resolved.push({ user, body }),
        (error: unknown) => void failed.push(error),
      ),
    );
  }
  await Promise.all([...calls, kills]);
  const published = performance.now();
  expect(failed).toEqual([]);
  expect(resolved).toHaveLength(COUNT);

  const arrived = new Map<string, Set<string>>(users.map((user) => [user, new Set()]));
  const mail = new Map<string, UnreadClient>();
  for (const user of users) mail.set(user, await UnreadClient.of(relay, user));
  const missing = () => resolved.filter(({ user, body }) => !arrived.get(user)?.has(body));
  let fromUnread = 0;
  await waitFor(
    async () => {
      for (const user of users) {
        const seen = arrived.get(user) ?? new Set();
        for (const body of live.get(user)?.bodies() ?? []) seen.add(body);
        const unread = (await mail.get(user)?.readAll()) ?? [];
        fromUnread += unread.length;
        for (const body of unread) seen.add(body);
      }
      return missing().length === 0;
    },
    {
      what: () => `every message that was confirmed; ${missing().length} are missing`,
      timeout: 120_000,
      interval: 250,
    },
  );

  const fromLive = [...live.values()].reduce((sum, client) => sum + client.bodies().length, 0);
  const seconds = ((published - started) / 1000).toFixed(1);
  console.info(
    `${COUNT} confirmed in ${seconds} s with 2 kills; ${fromLive} came live and ${fromUnread} unread, ` +
      `${fromLive + fromUnread - COUNT} of them twice`,
  );
}, 400_000);
