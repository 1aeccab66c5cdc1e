import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cluster, startCluster } from '../../../rabbitmq/launcher/index.js';
import { openPublisher, type Publisher } from '../../publisher/index.js';
import { quorum } from '../support/erlang.js';
import { manage } from '../support/management.js';
import { CuttingProxy } from '../support/proxy.js';
import { startRelay, type TestRelay } from '../support/relay.js';
import { keepLogs, keepSecret } from '../support/run-log.js';
import type { StompClient } from '../support/stomp.js';
import { UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

// A cluster of its own: its nodes are killed, one after the other.
const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-cluster-'));
const PATIENCE = { timeout: 60_000, interval: 100 };
const TICK_MS = 20;
let cluster: Cluster;
let relays: TestRelay[] = [];
let publisher: Publisher;

const relay = (env: Record<string, string> = {}) =>
  startRelay({
    RABBITMQ_URL: cluster.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: cluster.webStompUrl,
    RABBITMQ_MANAGEMENT_URL: '',
    RABBITMQ_CLIENT_USERNAME: cluster.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: cluster.clientPassword,
    ...env,
  });

beforeAll(async () => {
  cluster = await startCluster({ dataDir });
  keepSecret(new URL(cluster.nodes[0]?.amqpUrl ?? '').password);
  keepSecret(cluster.clientPassword);
  relays = [await relay(), await relay()];
  publisher = await openPublisher({ url: cluster.amqpUrl.split(',') });
}, 240_000);

afterAll(async () => {
  await publisher?.close();
  await Promise.all(relays.map((relay) => relay.close()));
  await cluster?.kill();
  for (const node of cluster?.nodes ?? []) keepLogs(node.dataDir);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

interface Queue {
  name: string;
  type: string;
  members?: string[];
  online?: string[];
}

const queues = () => manage<Queue[]>(cluster.nodes[0] as never, 'GET', 'queues');

/** All nodes have a copy of everything, and it is there. */
async function inSync(): Promise<boolean> {
  try {
    const nodes = await manage<{ running: boolean }[]>(cluster.nodes[0] as never, 'GET', 'nodes');
    if (!nodes.every(({ running }) => running)) return false;
    const copied = (await queues()).filter(({ type }) => type !== 'classic');
    return copied.length > 0 && copied.every(({ online }) => online?.length === cluster.nodes.length);
  } catch {
    return false;
  }
}

const isReady = async (relay: TestRelay) => (await fetch(`${relay.url}/readyz`)).ok;

/** Everything that the broker has confirmed, and what came of it. */
class Ledger {
  readonly confirmed: string[] = [];
  readonly receipts: string[] = [];
  readonly received = new Map<string, number>();
  private readonly open = new Set<Promise<void>>();

  publish(user: string, id: string): Promise<void> {
    const done = publisher.toUser(user, '/topic/reply', id, { messageId: id }).then(() => {
      this.confirmed.push(id);
    });
    this.open.add(done);
    return done;
  }

  arrived(id: string): void {
    this.received.set(id, (this.received.get(id) ?? 0) + 1);
  }

  settled(): Promise<unknown> {
    return Promise.all(this.open);
  }

  get lost(): string[] {
    return [...this.confirmed, ...this.receipts].filter((id) => !this.received.has(id));
  }

  get duplicates(): number {
    return [...this.received.values()].reduce((sum, times) => sum + times - 1, 0);
  }
}

/** Subscribes for good; `ack: client` acknowledges each message. */
async function reader(
  relay: TestRelay,
  user: string,
  ack: 'auto' | 'client',
  ledger: Ledger,
): Promise<StompClient> {
  const client = await relay.stomp(user);
  const headers = { id: 'mail', ack, receipt: 'mail' };
  client.client.subscribe(
    '/user/topic/reply',
    (message) => {
      ledger.arrived(message.headers['amqp-message-id'] ?? '');
      if (ack === 'client') message.ack();
    },
    headers,
  );
  await client.receipt('mail');
  return client;
}

test('each node of a cluster is killed once under load, and nothing that was confirmed is lost', async () => {
  const [one, two] = relays as [TestRelay, TestRelay];
  const ledger = new Ledger();
  await reader(one, 'anna', 'auto', ledger);
  await reader(two, 'carl', 'client', ledger);
  const sender = await one.stomp('sven');
  const classic = await relay({ RELAY_NODE_QUEUE_TYPE: 'classic' });
  relays.push(classic);
  // Not among what must not be lost: classic queues do not promise that.
  const aside = new Ledger();
  await reader(classic, 'kim', 'auto', aside);
  await waitFor(inSync, { what: 'three copies of every queue', ...PATIENCE });
  expect(
    (await queues()).filter(({ type }) => type === 'quorum').map(({ members }) => members?.length),
  ).not.toContain(1);

  let turn = 0;
  const load = setInterval(() => {
    turn++;
    for (const user of ['anna', 'carl', 'otto']) void ledger.publish(user, `${user}-${turn}`).catch(() => {});
    const id = `sent-${turn}`;
    sender.send('/user/carl/topic/reply', id, { receipt: id, 'amqp-message-id': id });
  }, TICK_MS);
  const recoveries: string[] = [];
  try {
    for (const [i, node] of cluster.nodes.entries()) {
      const before = turn;
      await waitFor(() => turn > before + 20, { what: 'some load' });
      await node.kill();
      const killedAt = performance.now();
      const since = () => `${((performance.now() - killedAt) / 1000).toFixed(1)} s`;
      const probes = [`probe-anna-${i}`, `probe-carl-${i}`];
      const [toAnna, toCarl] = probes as [string, string];
      for (const [user, id] of [
        ['anna', toAnna],
        ['carl', toCarl],
      ] as const) {
        void ledger.publish(user, id).catch(() => {});
      }
      await waitFor(() => probes.every((id) => ledger.received.has(id)), {
        what: 'what was published after the kill',
        ...PATIENCE,
      });
      const delivered = since();
      const seen = aside.received.size;
      let tries = 0;
      await waitFor(
        async () => {
          void aside.publish('kim', `probe-kim-${i}-${tries++}`).catch(() => {});
          return aside.received.size > seen;
        },
        { what: 'the relay whose queue is on one broker to have another one', ...PATIENCE },
      );
      // Made while a broker is down; that one has a copy as well in the end.
      if (i === 0) relays.push(await relay());
      await waitFor(async () => (await Promise.all(relays.map(isReady))).every(Boolean), {
        what: 'relays that are ready',
        ...PATIENCE,
      });
      recoveries.push(`node ${i + 1}: delivered after ${delivered}, all links up after ${since()}`);
      await node.restart();
      await waitFor(inSync, { what: `node ${i + 1} to have caught up`, ...PATIENCE });
    }
  } finally {
    clearInterval(load);
  }
  await ledger.settled();
  const receipts = () => sender.frames.filter(({ command }) => command === 'RECEIPT');
  await waitFor(() => receipts().length === turn, {
    what: () => `${turn} receipts, ${receipts().length} came`,
    ...PATIENCE,
  });
  ledger.receipts.push(...receipts().map(({ headers }) => headers['receipt-id'] ?? ''));
  const mailboxes = await Promise.all(['anna', 'carl', 'otto'].map((user) => UnreadClient.of(two, user)));
  let unread = 0;
  await waitFor(
    async () => {
      for (const mailbox of mailboxes) {
        for (const id of await mailbox.readAll().catch(() => [])) {
          unread++;
          ledger.arrived(id);
        }
      }
      return ledger.lost.length === 0;
    },
    { what: () => `everything that was confirmed; missing: ${ledger.lost}`, ...PATIENCE },
  );
  const { confirmed, duplicates } = ledger;
  console.log(
    [
      `${confirmed.length + turn} confirmed, 0 lost, ${unread} of them unread, ${duplicates} twice`,
      ...recoveries,
    ].join('; '),
  );
  expect(sender.error()).toBeUndefined();
  expect(confirmed).toHaveLength(turn * 3 + 6);
}, 300_000);

test('the queue of a dead relay that has no leader is kept until it has one, and nobody waits for it meanwhile', async () => {
  const ways = await Promise.all(cluster.amqpUrl.split(',').map((url) => CuttingProxy.open(url)));
  const lost = await relay({ RABBITMQ_URL: ways.map(({ url }) => url).join(',') });
  relays.push(lost);
  const queue = `relay.node.${lost.node}`;
  const client = await lost.stomp('dora');
  await client.subscribed('/user/topic/reply', { id: 'mail', ack: 'client' });
  const ids = ['1', '2', '3'];
  for (const id of ids) await publisher.toUser('dora', '/topic/reply', id);
  await client.received(3);
  await quorum(cluster.nodes, queue, 'stops');
  const patient = publisher.toUser('dora', '/topic/reply', 'waits');
  patient.catch(() => {});
  const impatient = await openPublisher({ url: cluster.amqpUrl.split(','), confirmTimeout: 1000 });
  const again = impatient.toUser('dora', '/topic/reply', 'sent again');
  for (const way of ways) way.fail();
  await waitFor(
    () =>
      manage(cluster.nodes[0] as never, 'GET', `exchanges/%2F/${queue}`).then(
        () => false,
        () => true,
      ),
    { what: 'the end of the routes to it', ...PATIENCE },
  );
  await again;
  await impatient.close();
  const mail = await UnreadClient.of(relays[0] as TestRelay, 'dora');
  await mail.waiting(1);
  await quorum(cluster.nodes, queue, 'comes back');
  await patient;
  await mail.waiting(5, '/topic/reply', PATIENCE.timeout);
  for (const way of ways) await way.close();
  expect((await mail.readAll()).sort()).toEqual([...ids, 'sent again', 'waits']);
}, 200_000);
