import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailboxQueue } from '../../src/unread/address.js';
import type { Service } from '../support/amqp.js';
import type { Mailroom } from '../support/mailroom.js';
import { type TestRelay, unique } from '../support/relay.js';
import { bodiesOf, metric, numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const LENGTH = 2500;

// One relay only: the keeper that works must be this one's, and its metrics are looked at.
const world = new World();
let relay: TestRelay;
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  relay = await world.relay({ RELAY_MAILBOX_LENGTH: String(LENGTH) });
  service = await world.service();
  mailroom = await world.mailroom();
});

afterAll(() => world.close());

const reader = (user: string) => UnreadClient.of(relay, user);

async function counted<T>(name: string, label: string, action: () => Promise<T>): Promise<number> {
  const before = await metric(relay, name, label);
  await action();
  let seen = 0;
  await waitFor(
    async () => {
      seen = (await metric(relay, name, label)) - before;
      return seen > 0;
    },
    { what: `${name} to grow` },
  );
  return seen;
}

describe('the keeper', () => {
  it('keeps the order of each mailbox while many are filled at once', async () => {
    const users = Array.from({ length: 50 }, () => unique('alice'));
    for (let i = 0; i < 100; i++) {
      for (const user of users) service.post('relay.user', `${user}.topic.reply`, String(i));
    }
    await service.settled();
    for (const user of users) {
      await mailroom.holds(user, 100);
      expect(await (await reader(user)).readAll()).toEqual(numbered(100));
    }
  });

  it('keeps everything that headers can carry, and none of the way that the message has come', async () => {
    const user = unique('alice');
    const said = {
      messageId: 'm',
      timestamp: 1_700_000_000,
      type: 't',
      appId: 'app',
      priority: 7,
      contentEncoding: 'gzip',
    };
    const carried = {
      text: 'ü',
      int: -5,
      big: 2 ** 40,
      double: 1.5,
      yes: true,
      nothing: null,
      bytes: Buffer.from([1, 2, 255]),
      list: [1, 'a', { deep: [null] }],
      table: { a: { b: 1 } },
    };
    await service.toUser(user, 'topic.reply', 'odd', {
      ...said,
      replyTo: 'amq.rabbitmq.reply-to.nothing',
      userId: 'relay',
      headers: {
        ...carried,
        'x-death': [{ queue: 'forged', count: 7 }],
        'x-relay-id': 'forged',
        ['__proto__']: 'p',
      },
    });
    await mailroom.holds(user, 1);
    const message = await service.channel.get(mailboxQueue(`${user}.topic.reply`));
    if (!message) throw new Error('the mailbox is empty');
    expect(message.properties).toMatchObject({
      ...said,
      deliveryMode: 2,
      headers: {
        ...carried,
        'user-id': 'relay',
      },
    });
    const headers = message.properties.headers ?? {};
    expect(headers['x-death']).toBeUndefined();
    expect(headers['x-relay-id']).not.toBe('forged');
    service.channel.nack(message, false, true);
    await mailroom.holds(user, 1);
    const [shown] = (await (await reader(user)).pull()).messages;
    expect(shown?.headers['user-id']).toBe('relay');
    expect(Object.keys(shown?.headers ?? {}).filter((name) => name.startsWith('x-relay-'))).toEqual([]);
  });

  it('does not send copies where CC and BCC point: into any queue of the broker, by its name', async () => {
    const user = unique('alice');
    const { queue } = await service.channel.assertQueue('', { exclusive: true });
    await service.toUser(user, 'topic.reply', 'to one', { headers: { CC: [queue], BCC: [queue] } });
    await mailroom.holds(user, 1);
    expect((await service.channel.checkQueue(queue)).messageCount).toBe(0);
    const [message] = (await (await reader(user)).pull()).messages;
    expect(Object.keys(message?.headers ?? {})).not.toContain('CC');
  });

  it('keeps bodies of 1 MiB, binary ones and empty ones, in order', async () => {
    const user = unique('alice');
    const bodies = [
      randomBytes(1024 * 1024),
      Buffer.alloc(0),
      Buffer.from([0xff, 0]),
      randomBytes(1024 * 1024),
    ];
    await service.allToUser(user, 'topic.reply', bodies);
    await mailroom.holds(user, 4);
    const page = await (await reader(user)).pull();
    const got = page.messages.map(({ body, encoding }) => Buffer.from(body, encoding));
    expect(got.map((body, i) => body.equals(bodies[i] as Buffer))).toEqual([true, true, true, true]);
  });

  it('finds mailboxes whose names are longer than a queue’s may be, each its own', async () => {
    const user = unique('alice');
    const key = (last: string) => `topic.${'ü'.repeat((255 - user.length - 8) / 2)}${last}`;
    const [a, b] = [key('a'), key('b')];
    expect(mailboxQueue(`${user}.${a}`)).not.toBe(mailboxQueue(`${user}.${b}`));
    await service.allToUser(user, a, ['in a']);
    await service.allToUser(user, b, ['in b', 'in b, too']);
    await mailroom.holds(user, 1, a);
    await mailroom.holds(user, 2, b);
    const client = await reader(user);
    const path = (rest: string) => `/${rest.replace('.', '/')}`;
    expect(await client.counts()).toEqual({ [path(a)]: 1, [path(b)]: 2 });
    expect(await client.readAll(10, path(b))).toEqual(['in b', 'in b, too']);
    expect(await client.readAll(10, path(a))).toEqual(['in a']);
    await mailroom.gone(user, a);
    await mailroom.gone(user, b);
  });

  it.each([
    ['without a rest', (user: string) => user],
    ['with an empty rest', (user: string) => `${user}.`],
    ['with an empty word', (user: string) => `${user}.topic..reply`],
    ['without a user', () => '.topic.reply'],
    ['of a user that is not encoded', (user: string) => `${user}@example.com.topic.reply`],
    ['of a user that is encoded otherwise', (user: string) => `${user}%40example%2ecom.topic.reply`],
    ['of a user with a broken escape', (user: string) => `${user}%4.topic.reply`],
    ['with "*"', (user: string) => `${user}.topic.*`],
    ['with "#"', (user: string) => `${user}.#`],
    ['with "/"', (user: string) => `${user}.topic/reply`],
    ['of the relay’s own', (user: string) => `${user}.relay.unread`],
    ['that is empty', () => ''],
  ])('puts aside a message with a key %s, and says why', async (_what, keyOf) => {
    const user = unique('alice');
    const body = unique('rejected');
    const key = keyOf(user);
    const grown = await counted('relay_unread_rejected_total', '', () =>
      service.publish('relay.user', key, body, { messageId: 'm-1', persistent: true }),
    );
    expect(grown).toBe(1);
    const message = await mailroom.rejected(body);
    expect(message.properties).toMatchObject({
      messageId: 'm-1',
      deliveryMode: 2,
      headers: { 'relay-key': key, 'relay-reason': expect.stringMatching(/\w+/) },
    });
  });

  it('puts aside what is published straight into the intake, and obeys nobody who does', async () => {
    const user = unique('alice');
    const body = unique('straight');
    await service.publish('', 'relay.unread.intake', body);
    expect((await mailroom.rejected(body)).properties.headers?.['relay-reason']).toContain('relay.user');
    // By way of an exchange a command is a message like any other.
    await service.toUser(user, 'topic.reply', JSON.stringify(`${user}.topic.reply`), { type: 'clear' });
    await mailroom.holds(user, 1);
  });

  it('drops what is worthless when the user is away, and counts it', async () => {
    const user = unique('alice');
    const grown = await counted('relay_unread_discarded_total', 'worthless', async () => {
      await service.toUser(user, 'topic.typing', 'typing…', { headers: { 'relay-unread': 'drop' } });
      await service.toUser(user, 'topic.reply', 'kept', { headers: { 'relay-unread': 'keep' } });
    });
    expect(grown).toBe(1);
    await mailroom.holds(user, 1);
    expect(await (await reader(user)).counts()).toEqual({ '/topic/reply': 1 });
  });

  it('drops the oldest of a full mailbox, and counts them', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(LENGTH + 20));
    await mailroom.passed(user);
    await mailroom.holds(user, LENGTH);
    await waitFor(async () => (await metric(relay, 'relay_unread_discarded_total', 'maxlen')) === 20, {
      what: 'the count of the dropped',
    });
    const read = await (await reader(user)).readAll(1000);
    expect([read.length, read[0], read.at(-1)]).toEqual([LENGTH, '20', String(LENGTH + 19)]);
  });

  it('makes a mailbox anew that was deleted behind its back, and loses nothing that comes then', async () => {
    const user = unique('alice');
    const queue = mailboxQueue(`${user}.topic.reply`);
    await service.allToUser(user, 'topic.reply', ['before']);
    await mailroom.holds(user, 1);
    await service.channel.deleteQueue(queue);
    await service.allToUser(user, 'topic.reply', numbered(300));
    await mailroom.holds(user, 300);
    expect(await (await reader(user)).readAll()).toEqual(numbered(300));
    await mailroom.gone(user);
  });

  it('uses a mailbox that was made under other settings as it is', async () => {
    const user = unique('alice');
    const queue = mailboxQueue(`${user}.topic.reply`);
    await service.channel.assertQueue(queue, { durable: true, arguments: { 'x-max-length': 7 } });
    await service.allToUser(user, 'topic.reply', numbered(5));
    await mailroom.holds(user, 5);
    const client = await reader(user);
    expect(await client.counts()).toEqual({ '/topic/reply': 5 });
    expect(await client.readAll()).toEqual(numbered(5));
    await mailroom.gone(user);
  });

  it('loses nothing when mailboxes are emptied and removed while messages come', async () => {
    const user = unique('alice');
    const client = await reader(user);
    const total = 2000;
    let published = 0;
    const publishing = (async () => {
      while (published < total) {
        const burst = Array.from({ length: 1 + (published % 7) }, (_, i) => String(published + i));
        await service.allToUser(user, 'topic.reply', burst);
        published += burst.length;
      }
    })();
    const read: string[] = [];
    let pages = 0;
    await waitFor(
      async () => {
        const page = await client.pull(1000);
        read.push(...bodiesOf(page));
        if (page.lease !== null) {
          pages++;
          await client.ack(page.lease);
        }
        return published >= total && read.length >= published;
      },
      { what: () => `${published} messages; read ${read.length}`, timeout: 50_000, interval: 1 },
    );
    await publishing;
    expect(read).toEqual(numbered(published));
    // Each page emptied the mailbox, or else there would have been few of them.
    expect(pages).toBeGreaterThan(20);
    await mailroom.gone(user);
  });
});

describe('expiration', () => {
  it('is honoured in the mailbox', async () => {
    const user = unique('alice');
    await service.toUser(user, 'topic.reply', 'short', { expiration: '1500' });
    await service.toUser(user, 'topic.reply', 'long', { expiration: '600000' });
    await mailroom.passed(user);
    await mailroom.holds(user, 1);
    expect(await (await reader(user)).readAll()).toEqual(['long']);
  });

  it.each(['0', '1'])('of %s ms is over before the message is kept, or right after', async (expiration) => {
    const user = unique('alice');
    await service.toUser(user, 'topic.reply', 'flash', { expiration });
    await service.toUser(user, 'topic.reply', 'stays');
    await mailroom.passed(user);
    await mailroom.holds(user, 1);
    expect(await (await reader(user)).readAll()).toEqual(['stays']);
  });

  it('goes on for a message that a dying client gives back', async () => {
    const user = unique('alice');
    const client = await relay.connected(user, { socket: { autoPong: false } });
    await client.subscribed('s', '/user/topic/reply');
    await service.toUser(user, 'topic.reply', 'short', { expiration: '5000' });
    await service.toUser(user, 'topic.reply', 'long', { expiration: '600000' });
    await client.message('long');
    client.destroy();
    await mailroom.holds(user, 2);
    const message = await service.channel.get(mailboxQueue(`${user}.topic.reply`), { noAck: true });
    if (!message) throw new Error('the mailbox is empty');
    expect(message.content.toString()).toBe('short');
    expect(Number(message.properties.expiration)).toBeGreaterThan(0);
    expect(Number(message.properties.expiration)).toBeLessThanOrEqual(5000);
    const [long] = (await (await reader(user)).pull()).messages;
    expect([long?.body, Number(long?.headers.expiration) <= 600_000]).toEqual(['long', true]);
  });
});
