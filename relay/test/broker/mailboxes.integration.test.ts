import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailboxQueue } from '../../src/unread/address.js';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import type { Mailroom } from '../support/mailroom.js';
import { manage } from '../support/management.js';
import { type TestRelay, unique } from '../support/relay.js';
import { bodiesOf, numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const world = new World();
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  service = await world.service();
  mailroom = await world.mailroom();
});

afterAll(() => world.close());

describe.each(['classic', 'quorum'])('mailboxes of type %s', (type) => {
  let relay: TestRelay;
  let second: TestRelay;
  /** Its leases are short. */
  let hasty: TestRelay;

  beforeAll(async () => {
    const env = { RELAY_MAILBOX_TYPE: type };
    relay = await world.relay(env);
    second = await world.relay(env);
    hasty = await world.relay({ ...env, RELAY_LEASE_TIME: '1000' });
  });

  afterAll(async () => {
    await Promise.all([relay, second, hasty].map((each) => each?.close()));
  });

  async function withMail(bodies: readonly string[]) {
    const user = unique('alice');
    const [one, two] = (await UnreadClient.at([relay, second], user)) as [UnreadClient, UnreadClient];
    await service.allToUser(user, 'topic.reply', bodies);
    await mailroom.holds(user, bodies.length);
    return { user, one, two };
  }

  it('are what they are called', async () => {
    const { user } = await withMail(['x']);
    const name = encodeURIComponent(mailboxQueue(`${user}.topic.reply`));
    expect(await manage(broker(), 'GET', `queues/${broker().vhost}/${name}`)).toMatchObject({
      type,
      durable: true,
      arguments: {
        'x-queue-type': type,
        'x-expires': 30 * 86_400_000,
        'x-message-ttl': 30 * 86_400_000,
        'x-max-length': 10_000,
        'x-max-length-bytes': 64 * 1024 * 1024,
        'x-overflow': 'drop-head',
      },
    });
  });

  it('give pages in order, count down to nothing, and are removed', async () => {
    const { user, one, two } = await withMail(numbered(250));
    const got: string[] = [];
    for (const [client, left] of [
      [one, 150],
      [two, 50],
      [one, 0],
    ] as const) {
      const page = await client.pull(100);
      expect(page.remaining).toBe(left);
      got.push(...bodiesOf(page));
      await client.ack(page.lease);
    }
    expect(got).toEqual(numbered(250));
    await mailroom.gone(user);
  });

  it('take back a lease in order, in front of the others', async () => {
    const { user, two } = await withMail(numbered(100));
    await (await UnreadClient.of(hasty, user)).pull(60);
    await two.waiting(100);
    expect(await two.readAll(30)).toEqual(numbered(100));
    await mailroom.gone(user);
  });

  it('take back several leases in order', async () => {
    const { user, two } = await withMail(numbered(100));
    const giver = await UnreadClient.of(hasty, user);
    for (let i = 0; i < 3; i++) await giver.pull(10);
    await two.waiting(100);
    expect(await two.readAll(30)).toEqual(numbered(100));
    await mailroom.gone(user);
  });

  it('take back what a dead relay held in order', async () => {
    const { user, two } = await withMail(numbered(250));
    const { relay: doomed, die } = await world.mortalRelay({ RELAY_MAILBOX_TYPE: type });
    await (await UnreadClient.of(doomed, user)).pull(120);
    die();
    await two.waiting(250);
    expect(await two.readAll(40)).toEqual(numbered(250));
    await doomed.close();
    await mailroom.gone(user);
  });

  it.each([
    ['the first of it', (i: number) => i < 5],
    ['now and then one of it', (i: number) => i % 10 === 3],
    ['the last of it', (i: number) => i >= 95],
  ])('take back in order what a client that dies did not acknowledge: it had %s', async (_what, fits) => {
    const { user, two } = await withMail(numbered(150));
    const client = await relay.stomp(user);
    await client.subscribed('/user/topic/reply', { id: 's', ack: 'client-individual', unread: 'replay' });
    await client.received(100);
    const acked = client.messages().filter((_, i) => fits(i));
    for (const message of acked) client.ack(message);
    await client.received(100 + acked.length);
    client.drop();
    await mailroom.holds(user, 150 - acked.length);
    const read = acked.map(({ body }) => body.toString());
    const left = numbered(150).filter((body) => !read.includes(body));
    const got = await two.readAll(40);
    // It had the 101st and later ones as a page of their own, and a quorum queue takes pages back as they come.
    const pages = (bodies: string[]) =>
      type === 'classic'
        ? [bodies]
        : [true, false].map((first) => bodies.filter((body) => Number(body) < 100 === first));
    expect(pages(got)).toEqual(pages(left));
    await mailroom.gone(user);
  });

  it('give and take back a page that bodies cut short', async () => {
    const bodies = numbered(16).map((n) => n.padEnd(1024 * 1024, '.'));
    const { user, two } = await withMail(bodies);
    const page = await (await UnreadClient.of(hasty, user)).pull(16);
    expect([page.messages.length, page.remaining]).toEqual([7, 9]);
    await two.waiting(16);
    const read = await two.readAll(16);
    expect(read.map((body) => body.slice(0, 3))).toEqual(bodies.map((body) => body.slice(0, 3)));
    await mailroom.gone(user);
  });

  it('deliver on SUBSCRIBE with replay, first the mailbox, then live', async () => {
    const { user } = await withMail(numbered(300));
    const client = await second.stomp(user);
    await client.subscribed('/user/topic/reply', { id: 's', unread: 'replay' });
    await service.allToUser(user, 'topic.reply', ['live']);
    await client.received(301);
    expect(client.messages().map(({ body }) => body.toString())).toEqual([...numbered(300), 'live']);
    await mailroom.gone(user);
  });

  it('are handed out to ten at once, each message once', async () => {
    const { user, one, two } = await withMail(numbered(300));
    const read = await Promise.all(numbered(10).map((n) => (Number(n) % 2 ? one : two).readAll(10)));
    expect(read.flat().sort()).toEqual([...numbered(300)].sort());
    await mailroom.gone(user);
  });
});

describe.each(['classic', 'quorum'])('limits of mailboxes of type %s', (type) => {
  it('expire, and the stale entry is shown nowhere', async () => {
    const relay = await world.relay({ RELAY_MAILBOX_TYPE: type, RELAY_MAILBOX_EXPIRES: '1000' });
    try {
      const user = unique('alice');
      await service.allToUser(user, 'topic.reply', ['forgotten']);
      await mailroom.passed(user);
      // A classic queue counts being asked for as being used.
      await waitFor(async () => !(await mailroom.state(user)), { what: 'the expiry', interval: 1500 });
      expect(await mailroom.entries(user)).toEqual(['topic.reply']);
      const client = await UnreadClient.of(relay, user);
      expect(await client.counts()).toEqual({});
      expect((await client.pull()).messages).toEqual([]);
      // And the next message is kept like the first.
      await service.allToUser(user, 'topic.reply', ['new']);
      await client.waiting(1);
      expect(await client.readAll()).toEqual(['new']);
      await mailroom.gone(user);
    } finally {
      await relay.close();
    }
  });

  it('age', async () => {
    const relay = await world.relay({ RELAY_MAILBOX_TYPE: type, RELAY_MAILBOX_AGE: '1000' });
    try {
      const user = unique('alice');
      await service.allToUser(user, 'topic.reply', numbered(3));
      await mailroom.passed(user);
      await mailroom.holds(user, 0);
      expect(await (await UnreadClient.of(relay, user)).counts()).toEqual({});
    } finally {
      await relay.close();
    }
  });
});
