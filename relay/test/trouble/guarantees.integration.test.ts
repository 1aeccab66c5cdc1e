import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RelayProcess, startRelay as startProcess } from '../../../e2e/support/relay-process.js';
import { type Broker, startBroker } from '../../../rabbitmq/launcher/index.js';
import { Service } from '../support/amqp.js';
import { frame, RawClient } from '../support/raw.js';
import { secretToken } from '../support/tokens.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

// The rows of the table "Delivery" of PROTOCOL.md: every test bears the name of the row that it proves.

const dataDir = mkdtempSync(join(tmpdir(), 'relay-test-guarantees-'));
const secret = randomBytes(32).toString('hex');
let broker: Broker;
/** The one that is killed, and the one that goes on. */
let first: RelayProcess;
let other: RelayProcess;
let service: Service;
const clients: RawClient[] = [];

function startRelay(): Promise<RelayProcess> {
  return startProcess({
    RELAY_DEMO: '1',
    RELAY_LOG_LEVEL: 'warn',
    RELAY_JWT_SECRET: secret,
    // A client that proves nothing is wanted here, and must not be closed for it.
    RELAY_CONFIRM_TIMEOUT: '600000',
    RELAY_LEASE_TIME: '5000',
    RABBITMQ_URL: broker.amqpUrl,
    RABBITMQ_WEB_STOMP_URL: broker.webStompUrl,
    RABBITMQ_CLIENT_USERNAME: broker.clientUsername,
    RABBITMQ_CLIENT_PASSWORD: broker.clientPassword,
  });
}

beforeAll(async () => {
  broker = await startBroker({ dataDir });
  [first, other] = await Promise.all([startRelay(), startRelay()]);
  service = await Service.open(broker.amqpUrl);
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  // Closed already when the broker did not come back: the relays have to go all the same.
  await service?.close().catch(() => {});
  await Promise.allSettled([first?.stop(), other?.stop()]);
  await broker?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A connected client; `proves: false` never answers a ping, so that nothing it was sent counts as delivered. */
async function connect(relay: RelayProcess, user: string, { proves = true } = {}): Promise<RawClient> {
  const authorization = `Bearer ${await secretToken(secret, { sub: user })}`;
  const client = await RawClient.open(`${relay.url.replace('http', 'ws')}/ws`, {
    socket: { headers: { authorization }, autoPong: proves },
  });
  clients.push(client);
  await client.connect();
  return client;
}

function mail(relay: RelayProcess, user: string): Promise<UnreadClient> {
  return UnreadClient.of({ url: relay.url, token: (sub) => secretToken(secret, { sub }) }, user);
}

function publish(user: string, ...bodies: string[]): Promise<void> {
  return service.allToUser(user, 'topic.reply', bodies);
}

const REPLIES = '/user/topic/reply';

/** A client that got `bodies` live and has not confirmed them; `ack` other than auto leaves that to the client. */
async function holding(
  relay: RelayProcess,
  user: string,
  ack: string,
  ...bodies: string[]
): Promise<RawClient> {
  const client = await connect(relay, user, { proves: false });
  await client.subscribed('s', REPLIES, { ack });
  await publish(user, ...bodies);
  for (const body of bodies) await client.message(body);
  return client;
}

/** The same with what was unread before. */
async function replaying(relay: RelayProcess, user: string, ...bodies: string[]): Promise<RawClient> {
  await publish(user, ...bodies);
  await (await mail(relay, user)).waiting(bodies.length);
  const client = await connect(relay, user, { proves: false });
  await client.subscribed('s', REPLIES, { unread: 'replay' });
  for (const body of bodies) expect((await client.message(body)).headers.unread).toBe('true');
  return client;
}

async function takingFromQueue(relay: RelayProcess, name: string, body: string): Promise<RawClient> {
  const client = await connect(relay, name);
  await client.subscribed('q', `/queue/demo.${name}`, { ack: 'client-individual' });
  client.send('SEND', { destination: `/queue/demo.${name}`, persistent: 'true', receipt: 'sent' }, body);
  await client.receipt('sent');
  await client.message(body);
  return client;
}

/** SENDs to a user who is away; the bodies are the receipts. */
function sendAll(client: RawClient, to: string, bodies: readonly string[], receipts: boolean): void {
  const destination = `/user/${to}/topic/reply`;
  for (const body of bodies) {
    client.write(frame('SEND', receipts ? { destination, receipt: body } : { destination }, body));
  }
}

function receipts(client: RawClient): string[] {
  return client.frames
    .filter(({ command }) => command === 'RECEIPT')
    .map(({ headers }) => headers['receipt-id'] ?? '')
    .filter((id) => /^\d+$/.test(id));
}

/** Everything that is unread of a user in the end, as soon as `enough` of it is there. */
async function unreadOf(user: string, enough: (bodies: string[]) => boolean): Promise<string[]> {
  const client = await mail(other, user);
  const read: string[] = [];
  await waitFor(async () => read.push(...(await client.readAll())) >= 0 && enough(read), {
    what: () => `the unread mail of ${user}; have ${read.length}`,
    timeout: 30_000,
  });
  // The keeper that died may have stored a message and not said so: the next one stores it again.
  return [...new Set(read)];
}

describe('the client dies', () => {
  it.each([
    ['G1', 'auto'],
    ['G2', 'client'],
    ['G2', 'client-individual'],
  ])('%s: what it had with ack:%s and did not confirm is unread, in order', async (row, ack) => {
    const user = `dead-${row}-${ack}`;
    const client = await holding(first, user, ack, ...numbered(20));
    client.destroy();
    const unread = await mail(other, user);
    await unread.waiting(20);
    expect(await unread.readAll()).toEqual(numbered(20));
  });

  it('G4: what it had of a replay and did not prove is unread again, in order', async () => {
    const client = await replaying(first, 'dead-g4', ...numbered(20));
    client.destroy();
    const unread = await mail(other, 'dead-g4');
    await unread.waiting(20);
    expect(await unread.readAll()).toEqual(numbered(20));
  });

  it('G5: what it pulled and did not acknowledge is back when the lease ends, in order', async () => {
    await publish('dead-g5', ...numbered(5));
    const unread = await mail(first, 'dead-g5');
    await unread.waiting(5);
    expect((await unread.pull()).messages).toHaveLength(5);
    expect((await unread.pull()).messages).toHaveLength(0);
    await unread.waiting(5);
    expect(await unread.readAll()).toEqual(numbered(5));
  });

  it('G6: a topic’s message that it had is lost for it, and comes to nobody twice', async () => {
    const client = await connect(first, 'dead-g6', { proves: false });
    await client.subscribed('t', '/topic/public.dead');
    service.post('amq.topic', 'public.dead', 'before');
    await client.message('before');
    client.destroy();
    const again = await connect(first, 'dead-g6');
    await again.subscribed('t', '/topic/public.dead');
    service.post('amq.topic', 'public.dead', 'after');
    await again.message('after');
    expect(again.bodies()).toEqual(['after']);
  });

  it('G7: a queue’s message that it did not acknowledge is delivered again', async () => {
    const client = await takingFromQueue(first, 'dead-g7', 'task');
    client.destroy();
    const next = await connect(other, 'dead-g7');
    await next.subscribed('q', '/queue/demo.dead-g7', { ack: 'client-individual' });
    expect((await next.message('task')).headers.redelivered).toBe('true');
  });
});

// Before a relay is killed: a queue that is only seconds old may come back from a kill of the broker without a leader.
describe('the broker dies', () => {
  const sends = numbered(2000);
  let lease: string | null = null;
  const held: Record<string, RawClient> = {};
  let sender: RawClient;
  let receiver: RawClient;

  beforeAll(async () => {
    held.G1 = await holding(first, 'broker-g1', 'auto', 'held');
    held.G2 = await holding(first, 'broker-g2', 'client', 'held');
    held.G4 = await replaying(first, 'broker-g4', ...numbered(20));
    await publish('broker-g3', ...numbered(20));
    await publish('broker-g5', ...numbered(20));
    const puller = await mail(first, 'broker-g5');
    await puller.waiting(20);
    ({ lease } = await puller.pull());
    await (await mail(first, 'broker-g3')).waiting(20);
    held.G6 = await connect(first, 'broker-g6');
    await held.G6.subscribed('t', '/topic/public.broker');
    held.G7 = await takingFromQueue(first, 'broker-g7', 'task');
    sender = await connect(first, 'broker-g8');
    receiver = await connect(other, 'broker-g9');
    await receiver.subscribed('s', REPLIES);
    sendAll(sender, 'broker-g8', sends, true);
    await waitFor(() => receipts(sender).length > 50, { what: 'the first receipts' });
    await service.close();
    await broker.kill();
    await waitFor(async () => (await fetch(`${first.url}/readyz`)).status === 503, { what: 'the outage' });
    sendAll(sender, 'broker-g9', numbered(100), false);
    await broker.restart();
    for (const relay of [first, other]) {
      await waitFor(async () => (await fetch(`${relay.url}/readyz`)).ok, {
        what: 'readiness after the restart',
        timeout: 30_000,
      });
    }
    service = await Service.open(broker.amqpUrl);
    // Nothing more is sent to a client that does not answer.
    for (const client of [held.G1, held.G4]) client?.socket.pong(client.pings.at(-1));
  }, 120_000);

  it.each(['G1', 'G2'])('%s: what was not confirmed is delivered again, to the same client', async (row) => {
    const client = held[row];
    await waitFor(() => client?.messages().length === 2, { what: 'the second delivery' });
    expect(client?.bodies()).toEqual(['held', 'held']);
    expect(client?.messages()[1]?.headers.redelivered).toBe('true');
    expect(client?.closed).toBeUndefined();
  });

  it('G3: mailboxes are kept', async () => {
    expect(await unreadOf('broker-g3', (read) => read.length >= 20)).toEqual(numbered(20));
  });

  it('G4: what was being replayed is delivered again, in order, to the same client', async () => {
    const client = held.G4;
    await waitFor(() => (client?.messages().length ?? 0) >= 40, { what: 'the second replay' });
    expect(client?.bodies()).toEqual([...numbered(20), ...numbered(20)]);
  });

  it('G5: leases are over, and what was leased is unread', async () => {
    const unread = await mail(first, 'broker-g5');
    await expect(unread.ack(lease)).rejects.toMatchObject({ status: 410 });
    expect(await unreadOf('broker-g5', (read) => read.length >= 20)).toEqual(numbered(20));
  });

  it('G6: a topic is subscribed to again, without the client', async () => {
    await waitFor(
      async () => {
        service.post('amq.topic', 'public.broker', 'next');
        await service.settled();
        return held.G6?.bodies().includes('next');
      },
      { what: 'a topic message after the restart', interval: 200 },
    );
    expect(held.G6?.closed).toBeUndefined();
  });

  it('G7: a queue’s message that was not acknowledged is delivered again, to the same client', async () => {
    await waitFor(() => held.G7?.messages().length === 2, { what: 'the second delivery' });
    expect(held.G7?.messages()[1]?.headers.redelivered).toBe('true');
  });

  it('G8: every SEND with a receipt is confirmed in the end, and is there, in order', async () => {
    await waitFor(() => receipts(sender).length === sends.length, {
      what: () => `all receipts; have ${receipts(sender).length}`,
      timeout: 30_000,
    });
    expect(receipts(sender)).toEqual(sends);
    const read = await unreadOf('broker-g8', (all) => sends.every((body) => all.includes(body)));
    expect(read).toEqual(sends);
  });

  it('G9: SENDs without a receipt that were made during the outage arrive, live or unread', async () => {
    const unread: string[] = [];
    const all = () => [...receiver.bodies(), ...unread];
    const reader = await mail(other, 'broker-g9');
    // Behind them on the same link: those that the wire has not lost are there before it.
    sender.send('SEND', { destination: '/user/broker-g9/topic/reply', receipt: 'last' }, 'last');
    await sender.receipt('last');
    const complete = () => all().includes('last') && all().length > 1;
    await waitFor(async () => unread.push(...(await reader.readAll())) >= 0 && complete(), {
      what: () => `the last one; have ${all().length}`,
    });
    // At least once; the first of them may have met a wire that was not known to be dead.
    const arrived = new Set(all().filter((body) => body !== 'last'));
    expect(arrived).toEqual(new Set(numbered(100).slice(-arrived.size)));
  });
});

describe('the relay dies', () => {
  const sends = numbered(2000);
  let lease: string | null = null;
  let confirmed: string[] = [];

  beforeAll(async () => {
    await holding(first, 'relay-g1', 'auto', ...numbered(20));
    await holding(first, 'relay-g2', 'client', ...numbered(20));
    await replaying(first, 'relay-g4', ...numbered(20));
    await publish('relay-g3', 'before');
    await publish('relay-g5', ...numbered(20));
    const puller = await mail(first, 'relay-g5');
    await puller.waiting(20);
    ({ lease } = await puller.pull());
    const topic = await connect(first, 'relay-g6');
    await topic.subscribed('t', '/topic/public.relay');
    await takingFromQueue(first, 'relay-g7', 'task');
    const sender = await connect(first, 'relay-g8');
    sendAll(sender, 'relay-g9', sends, false);
    sendAll(sender, 'relay-g8', sends, true);
    await waitFor(() => receipts(sender).length > 50, { what: 'the first receipts' });
    await first.kill();
    await sender.over();
    confirmed = receipts(sender);
    // Its clients are gone: what comes now is for nobody.
    service.post('amq.topic', 'public.relay', 'missed');
    await publish('relay-g3', 'after');
  });

  it.each(['relay-g1', 'relay-g2'])(
    'G1, G2: what its clients had not confirmed is unread: %s',
    async (user) => {
      const unread = await mail(other, user);
      await unread.waiting(20, undefined, 30_000);
      expect(await unread.readAll()).toEqual(numbered(20));
    },
  );

  it('G3: mailboxes are kept by another relay, in order', async () => {
    const unread = await mail(other, 'relay-g3');
    await unread.waiting(2);
    expect(await unread.readAll()).toEqual(['before', 'after']);
  });

  it('G4: what was being replayed is unread again, in order', async () => {
    const unread = await mail(other, 'relay-g4');
    await unread.waiting(20);
    expect(await unread.readAll()).toEqual(numbered(20));
  });

  it('G5: its leases are over at once, and what was leased is unread', async () => {
    const unread = await mail(other, 'relay-g5');
    await expect(unread.ack(lease)).rejects.toMatchObject({ status: 410 });
    expect(await unread.readAll()).toEqual(numbered(20));
  });

  it('G6: what was published to a topic meanwhile is missed by its clients', async () => {
    const again = await connect(other, 'relay-g6');
    await again.subscribed('t', '/topic/public.relay');
    service.post('amq.topic', 'public.relay', 'next');
    await again.message('next');
    expect(again.bodies()).toEqual(['next']);
  });

  it('G7: a queue’s message that its client did not acknowledge is delivered again', async () => {
    const next = await connect(other, 'relay-g7');
    await next.subscribed('q', '/queue/demo.relay-g7', { ack: 'client-individual' });
    expect((await next.message('task')).headers.redelivered).toBe('true');
  });

  it('G8: every SEND whose RECEIPT came is there, in order', async () => {
    const there = await unreadOf('relay-g8', (read) => confirmed.every((body) => read.includes(body)));
    expect(confirmed.length).toBeGreaterThan(50);
    expect(there).toEqual(sends.slice(0, there.length));
  });

  it('G9: the SENDs without a receipt that are there are in order; the last may be missing', async () => {
    const there = await unreadOf('relay-g9', (read) => read.length > 0);
    expect(there).toEqual(sends.slice(0, there.length));
  });
});
