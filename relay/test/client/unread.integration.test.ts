import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Service } from '../support/amqp.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { Person, redirected } from './rig.js';

const world = new World();
let relay: TestRelay;
let service: Service;
beforeAll(async () => {
  relay = await world.relay();
  service = await world.service();
});
afterAll(() => world.close());

const person = (user: string, options = {}) => world.keep(Promise.resolve(Person.of(relay, user, options)));

/** Publishes one after the other, each with an id of its own, while something else happens. */
function publishing(user: string, rest = 'topic.reply') {
  const bodies: string[] = [];
  let going = true;
  const done = (async () => {
    while (going) {
      const body = `${bodies.length}`;
      bodies.push(body);
      await service.toUser(user, rest, body, { messageId: `${user}-${body}`, persistent: true });
    }
  })();
  return {
    bodies,
    async stop(): Promise<string[]> {
      going = false;
      await done;
      return bodies;
    },
    reaches: (count: number) => waitFor(() => bodies.length >= count, { what: `${count} published` }),
  };
}

describe('unread mail', () => {
  it('comes in front of what is live, in order and once, while a service goes on publishing', async () => {
    const user = unique('alice');
    const source = publishing(user);
    await source.reaches(150);
    const alice = await person(user);
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    const published = source.bodies.length;
    await source.reaches(published + 150);
    const bodies = await source.stop();
    expect(await alice.received(bodies.length)).toEqual(bodies);
    const unread = alice.messages().filter((message) => message.unread).length;
    expect(unread).toBeGreaterThanOrEqual(150);
    expect(unread).toBeLessThan(bodies.length);
    await (await UnreadClient.of(relay, user)).waiting(0);
  });

  it('is neither lost nor shown twice when the connection is cut again and again', async () => {
    const user = unique('alice');
    const alice = await person(user);
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    const source = publishing(user);
    for (let cuts = 1; cuts <= 4; cuts++) {
      await source.reaches(cuts * 100);
      alice.client.dropConnection();
      await alice.connections(cuts + 1);
    }
    const bodies = await source.stop();
    const received = await alice.received(bodies.length);
    expect(received.toSorted((a, b) => Number(a) - Number(b))).toEqual(bodies);
    await (await UnreadClient.of(relay, user)).waiting(0);
  });

  it('of many pages comes whole, and is read then', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(350));
    const alice = await person(user);
    alice.subscribe('/user/topic/reply');
    const requests = vi.spyOn(globalThis, 'fetch');
    await alice.client.connect();
    expect(await alice.received(350)).toEqual(numbered(350));
    const pulls = requests.mock.calls.filter(([url]) => String(url).endsWith('/pull'));
    requests.mockRestore();
    // What was published before the subscription is fetched before anything is shown: the first pull waits for it.
    const settled = pulls.map(([, init]) => JSON.parse(String(init?.body)).settled);
    expect(settled.slice(0, 4)).toEqual([true, undefined, undefined, undefined]);
    await (await UnreadClient.of(relay, user)).waiting(0);
  });

  it('that comes live as well, or twice, is shown once', async () => {
    const user = unique('alice');
    const twice = (messageId: string, exchange: string) =>
      service.publish(exchange, `${user}.topic.reply`, messageId, { messageId });
    await twice('before', 'relay.user');
    const alice = await person(user);
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    await twice('before', 'relay.user');
    for (const exchange of ['relay.user', 'relay.user', 'relay.unread']) await twice('live', exchange);
    await (await UnreadClient.of(relay, user)).waiting(0);
    await service.toUser(user, 'topic.reply', 'last');
    await alice.got('last');
    expect(alice.bodies()).toEqual(['before', 'live', 'last']);
  });

  it('is fetched when it becomes unread while the client is there', async () => {
    const user = unique('alice');
    const hasty = await world.relay({ RELAY_LEASE_TIME: '2000' });
    const mail = await UnreadClient.of(hasty, user);
    await service.allToUser(user, 'topic.reply', ['leased']);
    await mail.waiting(1);
    // Somebody else has it, and never says that it was read.
    await mail.pull();
    const alice = await world.keep(Promise.resolve(Person.of(hasty, user)));
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    expect((await alice.got('leased')).unread).toBe(true);
    // As what a relay gives back that could not deliver it.
    await service.publish('relay.unread', `${user}.topic.reply`, 'later');
    expect((await alice.got('later')).unread).toBe(true);
  });

  it('is replayed by the relay instead, or left alone, where that is asked for', async () => {
    const user = unique('alice');
    for (const rest of ['topic.replayed', 'topic.left']) await service.allToUser(user, rest, ['before']);
    const alice = await person(user);
    const replayed = alice.subscribe('/user/topic/replayed', { unread: 'replay' });
    const left = alice.subscribe('/user/topic/left', { unread: 'none' });
    await alice.client.connect();
    await Promise.all([replayed.ready, left.ready]);
    expect(await alice.got('before', '/user/topic/replayed')).toMatchObject({ unread: true });
    for (const rest of ['topic.replayed', 'topic.left']) await service.toUser(user, rest, 'after');
    await alice.got('after', '/user/topic/replayed');
    expect(await alice.received(1, '/user/topic/left')).toEqual(['after']);
    expect(await (await UnreadClient.of(relay, user)).counts()).toEqual({ '/topic/left': 1 });
  });

  it('does not keep live messages waiting when it cannot be fetched', async () => {
    const user = unique('alice');
    // Nothing answers under /api: the WebSocket is at the relay, all else elsewhere.
    const lost = await person(user, { url: 'http://127.0.0.1:1', WebSocket: redirected(relay.wsUrl) });
    const { ready } = lost.subscribe('/user/topic/reply');
    await lost.client.connect();
    await ready;
    await service.toUser(user, 'topic.reply', 'live');
    expect((await lost.got('live')).unread).toBe(false);
  });

  it('keeps bytes that are no text, pulled and live', async () => {
    const user = unique('alice');
    const binary = Buffer.from([0xff, 0, 0xfe, 10]);
    await service.toUser(user, 'topic.reply', binary);
    const alice = await person(user);
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    await service.toUser(user, 'topic.reply', binary);
    await alice.received(2);
    expect(alice.messages().map(({ bytes, unread }) => [Buffer.from(bytes), unread])).toEqual([
      [binary, true],
      [binary, false],
    ]);
  });
});

describe('counts of unread mail', () => {
  it('follow what is stored and read, and begin anew with every connection', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.a', ['1', '2']);
    await service.allToUser(user, 'topic.b', ['1']);
    const mail = await UnreadClient.of(relay, user);
    await mail.waiting(2, '/topic/a');
    const proxy = await world.keep(CuttingProxy.open(relay.url));
    const alice = await person(user, { url: proxy.url });
    const told: number[] = [];
    alice.client.unread.subscribe(({ total }) => told.push(total));
    await alice.client.connect();
    const until = (total: number) =>
      waitFor(() => alice.client.unread.value.total === total, { what: () => `${total}, was told ${told}` });
    await until(3);
    expect(alice.client.unread.value.counts).toEqual({ '/topic/a': 2, '/topic/b': 1 });
    await mail.clear('/topic/b');
    await until(2);
    expect(alice.client.unread.value.counts).toEqual({ '/topic/a': 2 });
    await service.allToUser(user, 'topic.c', ['1']);
    await until(3);
    // Read elsewhere while nobody is told of it.
    proxy.fail();
    await alice.until('waiting');
    await mail.clear('/topic/a');
    proxy.restore();
    await alice.client.connect();
    await until(1);
    expect(alice.client.unread.value.counts).toEqual({ '/topic/c': 1 });
    await alice.close();
    expect(alice.client.unread.value).toEqual({ total: 0, counts: {} });
  });
});
