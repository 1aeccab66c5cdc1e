import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { Mailroom } from '../support/mailroom.js';
import { CuttingProxy } from '../support/proxy.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { bodiesOf, metric, numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

const LEASE_MS = 1000;

/** Two whose leases are long, and one whose leases are short. */
let one: TestRelay;
let two: TestRelay;
let hasty: TestRelay;
let service: Service;
let mailroom: Mailroom;
const others: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  [one, two, hasty, service, mailroom] = await Promise.all([
    startRelay(),
    startRelay(),
    startRelay({ RELAY_LEASE_TIME: String(LEASE_MS), RELAY_MAX_LEASES: '3' }),
    Service.open(),
    Mailroom.open(),
  ]);
});

afterEach(async () => {
  for (const other of others.splice(0)) await other.close();
});

afterAll(async () => {
  await Promise.all([one, two, hasty, service, mailroom].map((part) => part?.close()));
});

/** A relay whose connections to the broker can be cut: for the broker the same as its death. */
async function mortal(): Promise<{ relay: TestRelay; die(): void }> {
  const proxy = await CuttingProxy.open(broker().amqpUrl);
  const relay = await startRelay({ RABBITMQ_URL: proxy.url });
  others.push(relay, proxy);
  return { relay, die: () => proxy.fail() };
}

async function withMail(bodies: readonly string[]): Promise<string> {
  const user = unique('alice');
  await service.allToUser(user, 'topic.reply', bodies);
  await mailroom.holds(user, bodies.length);
  return user;
}

const redelivered = (page: { messages: { headers: Record<string, string> }[] }) =>
  page.messages.map(({ headers }) => headers.redelivered === 'true');

describe('a lease', () => {
  it('that is not acknowledged in time ends, and the messages come again in order, with the same ids', async () => {
    const user = await withMail(numbered(5));
    const client = await UnreadClient.of(hasty, user);
    const before = Date.now();
    const first = await client.pull(3);
    expect([bodiesOf(first), first.expiresIn, first.remaining]).toEqual([['0', '1', '2'], 1, 2]);
    expect(redelivered(first)).toEqual([false, false, false]);
    await client.waiting(5);
    expect(Date.now() - before).toBeGreaterThanOrEqual(LEASE_MS - 50);
    await expect(client.ack(first.lease)).rejects.toMatchObject({ status: 410 });
    const again = await client.pull(5);
    expect(bodiesOf(again)).toEqual(numbered(5));
    expect(redelivered(again)).toEqual([true, true, true, false, false]);
    expect(again.messages.slice(0, 3).map(({ id }) => id)).toEqual(first.messages.map(({ id }) => id));
    expect(await client.ack(again.lease)).toBe(5);
    await mailroom.gone(user);
  });

  it('keeps its messages in front of those that were not leased, also when two leases end', async () => {
    const user = await withMail(numbered(30));
    const client = await UnreadClient.of(hasty, user);
    await client.pull(10);
    await client.pull(10);
    await client.waiting(30);
    expect(await client.readAll(7)).toEqual(numbered(30));
  });

  it('keeps the mailbox there while another reader takes and acknowledges all the rest', async () => {
    const user = await withMail(numbered(10));
    const [holder, other] = [await UnreadClient.of(hasty, user), await UnreadClient.of(one, user)];
    await holder.pull(5);
    const rest = await other.pull();
    expect(bodiesOf(rest)).toEqual(numbered(10).slice(5));
    await other.ack(rest.lease);
    // By then the keeper has looked whether the mailbox can go.
    await mailroom.passed(user);
    expect((await mailroom.state(user))?.consumers).toBe(1);
    await other.waiting(5);
    expect(await other.readAll()).toEqual(numbered(5));
    await mailroom.gone(user);
  });

  it('can be acknowledged at another relay, and again, there and here', async () => {
    const user = await withMail(numbered(3));
    const [here, there] = [await UnreadClient.of(one, user), await UnreadClient.of(two, user)];
    const { lease } = await here.pull();
    expect(await there.ack(lease)).toBe(3);
    expect([await there.ack(lease), await here.ack(lease)]).toEqual([3, 3]);
    await mailroom.gone(user);
  });

  it('of somebody else cannot be acknowledged, at no relay, and stays what it was', async () => {
    const user = await withMail(numbered(3));
    const owner = await UnreadClient.of(one, user);
    const { lease } = await owner.pull();
    for (const relay of [one, two]) {
      const thief = await UnreadClient.of(relay, unique('mallory'));
      await expect(thief.ack(lease)).rejects.toMatchObject({ status: 410 });
    }
    expect((await mailroom.state(user))?.consumers).toBeGreaterThan(0);
    expect(await owner.ack(lease)).toBe(3);
    // Nor can one that was acknowledged be told from one that never was.
    const thief = await UnreadClient.of(one, unique('mallory'));
    await expect(thief.ack(lease)).rejects.toMatchObject({ status: 410 });
  });

  it('that was made up is refused like one that is over', async () => {
    const user = await withMail(['kept']);
    const client = await UnreadClient.of(one, user);
    const { lease } = await client.pull();
    const [relay = '', secret = ''] = lease?.split('.') ?? [];
    const madeUp = [
      `${relay}.${randomBytes(16).toString('base64url')}`,
      `${randomBytes(9).toString('base64url')}.${secret}`,
      `.${secret}`,
      secret,
      relay,
      'relay.unread.intake',
      '__proto__',
      '#.#',
      '\0',
      '.',
      'x'.repeat(1000),
    ];
    for (const each of madeUp) {
      await expect(client.ack(each), each).rejects.toMatchObject({ status: 410 });
    }
    expect(await client.ack(lease)).toBe(1);
  });

  it('is one of a bounded number: 429 then, and room again when one ends', async () => {
    const user = await withMail(numbered(5));
    const client = await UnreadClient.of(hasty, user);
    const leases = [await client.pull(1), await client.pull(1), await client.pull(1)];
    await expect(client.pull(1)).rejects.toMatchObject({ status: 429 });
    await client.ack(leases[1]?.lease ?? '');
    expect(bodiesOf(await client.pull(1))).toEqual(['3']);
    await client.waiting(4);
    expect(await client.readAll()).toEqual(['0', '2', '3', '4']);
  });
});

describe('the relay that gave a lease', () => {
  it('dies: the messages come again in order from another', async () => {
    const user = await withMail(numbered(250));
    const { relay, die } = await mortal();
    const doomed = await UnreadClient.of(relay, user);
    const pages = [await doomed.pull(100), await doomed.pull(100)];
    expect(pages.map(({ messages }) => messages.length)).toEqual([100, 100]);
    die();
    const client = await UnreadClient.of(one, user);
    await client.waiting(250);
    await expect(client.ack(pages[0]?.lease ?? '')).rejects.toMatchObject({ status: 410 });
    expect(await client.readAll(100)).toEqual(numbered(250));
    await mailroom.gone(user);
  });

  it('leaves: the messages come again at once', async () => {
    const user = await withMail(numbered(20));
    const { relay } = await mortal();
    await (await UnreadClient.of(relay, user)).pull(15);
    const client = await UnreadClient.of(one, user);
    await client.waiting(5);
    await relay.leave();
    await client.waiting(20);
    expect(await client.readAll()).toEqual(numbered(20));
  });

  it('loses the broker for a moment: its leases are over, nothing is lost, and it works on', async () => {
    const user = await withMail(numbered(10));
    const proxy = await CuttingProxy.open(broker().amqpUrl);
    const relay = await startRelay({ RABBITMQ_URL: proxy.url });
    others.push(relay, proxy);
    const client = await UnreadClient.of(relay, user);
    const { lease } = await client.pull(5);
    proxy.fail();
    await waitFor(
      () =>
        client.counts().then(
          () => false,
          (error: { status?: number }) => error.status === 503,
        ),
      { what: 'a 503' },
    );
    await expect(client.ack(lease)).rejects.toMatchObject({ status: expect.any(Number) });
    proxy.restore();
    await waitFor(async () => (await fetch(`${relay.url}/readyz`)).status === 200, { what: 'the broker' });
    await expect(client.ack(lease)).rejects.toMatchObject({ status: 410 });
    await client.waiting(10);
    expect(await client.readAll()).toEqual(numbered(10));
  });
});

describe('an answer that never arrives', () => {
  it.each([
    ['cut within it', { bytes: 1 }],
    ['cut when most of it was read', { bytes: 3_000_000 }],
  ])('loses nothing, and the messages are there again at once: %s', async (_what, after) => {
    const bodies = numbered(40).map((n) => n.padEnd(100_000, '.'));
    const user = await withMail(bodies);
    const client = await UnreadClient.of(one, user);
    await client.pullAndLeave(40, after);
    // Long before the lease's minute is over.
    await client.waiting(40, '/topic/reply', 10_000);
    expect(await client.readAll()).toEqual(bodies);
    await mailroom.gone(user);
  });

  it('loses nothing, whenever the connection is cut before it', async () => {
    const user = await withMail(numbered(20));
    // An answer that the system has taken over counts as given: such a lease ends with its time.
    const relay = await startRelay({ RELAY_LEASE_TIME: '2000' });
    others.push(relay);
    const client = await UnreadClient.of(relay, user);
    for (let ms = 0; ms < 40; ms += 2) await client.pullAndLeave(20, { ms });
    await waitFor(async () => (await metric(relay, 'relay_unread_leases')) === 0, {
      what: 'the end of all leases',
    });
    await client.waiting(20);
    expect(await client.readAll()).toEqual(numbered(20));
    await mailroom.gone(user);
  });
});
