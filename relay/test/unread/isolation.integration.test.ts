import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { Mailroom } from '../support/mailroom.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { bodiesOf, numbered, UnreadClient } from '../support/unread.js';

let relay: TestRelay;
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  [relay, service, mailroom] = await Promise.all([startRelay(), Service.open(), Mailroom.open()]);
});

afterAll(async () => {
  await Promise.all([relay, service, mailroom].map((part) => part?.close()));
});

/** Names that differ in what an encoding or a pattern might lose, all with the same beginning and end. */
const id = unique('u');
const neighbours = [
  id,
  `${id}.topic`,
  `${id}/topic`,
  `${id}%2Ftopic`,
  `${id}@example.com`,
  `${id}%40example.com`,
  `${id}#`,
  `${id}*`,
  `#`,
  `*`,
  `${id} `,
  ` ${id}`,
  id.toUpperCase(),
  `${id}é`,
  `${id}e\u0301`,
  `${id}🦊`,
  `__proto__`,
  `constructor`,
  `relay.unread`,
];

describe('a user’s mail', () => {
  it('is that user’s alone, whatever the names are like', async () => {
    for (const [i, user] of neighbours.entries()) {
      await service.allToUser(user, 'topic.reply', numbered(i + 1, `${user}:`));
    }
    const clients = await Promise.all(neighbours.map((user) => UnreadClient.of(relay, user)));
    for (const [i, user] of neighbours.entries()) await mailroom.holds(user, i + 1);
    for (const [i, user] of neighbours.entries()) {
      const client = clients[i] as UnreadClient;
      expect(await client.counts(), user).toEqual({ '/topic/reply': i + 1 });
      // Halfway one way, halfway the other: acknowledged, and marked as read.
      if (i % 2 === 0) expect(await client.readAll(), user).toEqual(numbered(i + 1, `${user}:`));
      else expect(await client.clear(), user).toBe(i + 1);
      for (const [j, later] of clients.slice(i + 1).entries()) {
        expect(await later.counts()).toEqual({ '/topic/reply': i + j + 2 });
      }
    }
  });

  it('cannot be reached by naming somebody in the destination', async () => {
    const [alice, mallory] = [unique('alice'), unique('mallory')];
    await service.allToUser(alice, 'topic.reply', numbered(3));
    await mailroom.holds(alice, 3);
    const thief = await UnreadClient.of(relay, mallory);
    for (const destination of [
      `/user/${alice}/topic/reply`,
      `/${alice}/topic/reply`,
      `/user/../${alice}/topic/reply`,
      `/user/%2e%2e/${alice}/topic/reply`,
      `/user/#`,
      `/user/*`,
      `/topic/#`,
      `/exchange/relay.unread/#`,
      `/amq/queue/relay.unread.${alice}.topic.reply`,
      `/queue/relay.unread.${alice}.topic.reply`,
      `/user//${alice}.topic.reply`,
    ]) {
      const pulled = await thief.pull(10, destination).catch((error: { status: number }) => error.status);
      if (typeof pulled === 'number') expect([400, 403], destination).toContain(pulled);
      else expect(pulled.messages, destination).toEqual([]);
      const cleared = await thief.clear(destination).catch((error: { status: number }) => error.status);
      expect([0, 400, 403], destination).toContain(cleared);
    }
    expect(await thief.counts()).toEqual({});
    expect(await thief.clear()).toBe(0);
    expect(await (await UnreadClient.of(relay, alice)).readAll()).toEqual(numbered(3));
  });

  it('stays what it was when another acknowledges, pulls or clears at the same time', async () => {
    const users = Array.from({ length: 8 }, () => unique('alice'));
    for (const user of users) await service.allToUser(user, 'topic.reply', numbered(100, `${user}:`));
    for (const user of users) await mailroom.holds(user, 100);
    const read = await Promise.all(
      users.map(async (user) => (await UnreadClient.of(relay, user)).readAll(7)),
    );
    expect(read).toEqual(users.map((user) => numbered(100, `${user}:`)));
  });

  it('needs a token that this relay’s issuer signed', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', ['x']);
    await mailroom.holds(user, 1);
    const other = await startRelay();
    try {
      const stranger = await UnreadClient.of(other, user, relay.url);
      await expect(stranger.counts()).rejects.toMatchObject({ status: 401 });
      await expect(stranger.pull()).rejects.toMatchObject({ status: 401 });
      await expect(stranger.clear()).rejects.toMatchObject({ status: 401 });
    } finally {
      await other.close();
    }
    await mailroom.holds(user, 1);
  });

  it.each(['__proto__', 'constructor', 'toString', 'a.__proto__.b', 'ü.🦊', 'topic.a b', 'unread'])(
    'is counted, pulled and cleared at the destination %s like at any other',
    async (rest) => {
      const user = unique('alice');
      const destination = `/${rest.replace('.', '/')}`;
      await service.allToUser(user, rest, numbered(2));
      await mailroom.holds(user, 2, rest);
      const client = await UnreadClient.of(relay, user);
      expect(Object.entries(await client.counts())).toEqual([[destination, 2]]);
      const pulled = await client.pull(1, destination);
      expect([bodiesOf(pulled), pulled.messages[0]?.destination]).toEqual([['0'], destination]);
      await client.ack(pulled.lease);
      expect(await client.clear(destination)).toBe(1);
      await mailroom.gone(user, rest);
    },
  );
});
