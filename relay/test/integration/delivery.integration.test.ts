import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CountingProxy } from '../support/counting-proxy.js';
import { frame } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import type { StompClient } from '../support/stomp.js';
import { transports } from '../support/transports.js';
import { waitFor } from '../support/wait.js';

const MIB = 1024 * 1024;

let relay: TestRelay;
let other: TestRelay;
let service: Service;

beforeAll(async () => {
  [relay, other, service] = await Promise.all([startRelay(), startRelay(), Service.open()]);
});

afterAll(async () => {
  await Promise.all([relay?.close(), other?.close(), service?.close()]);
});

/** A client with one subscription `s`, confirmed. */
async function subscriber(at: TestRelay, user: string, destination: string): Promise<StompClient> {
  const client = await at.stomp(user);
  await client.subscribed(destination, { id: 's' });
  return client;
}

function bodies(client: StompClient): string[] {
  return client.messages().map(({ body }) => body.toString());
}

describe.each(transports)('over %s', (_name, sockjs) => {
  beforeAll(() => {
    relay.sockjs = sockjs;
    other.sockjs = sockjs;
  });
  afterAll(() => {
    relay.sockjs = undefined;
    other.sockjs = undefined;
  });

  describe('messages for one user', () => {
    it('reach every tab of that user, on every relay, and nobody else', async () => {
      const [alice, bob] = [unique('alice'), unique('bob')];
      const tabs = await Promise.all([
        subscriber(relay, alice, '/user/topic/reply'),
        subscriber(relay, alice, '/user/topic/reply'),
        subscriber(other, alice, '/user/topic/reply'),
      ]);
      const stranger = await subscriber(relay, bob, '/user/topic/reply');
      const elsewhere = await subscriber(relay, alice, '/user/topic/other');

      await service.toUser(alice, 'topic.reply', 'for alice');
      for (const tab of tabs) {
        const message = await tab.message(0);
        expect(message.body.toString()).toBe('for alice');
        expect(message.headers.destination).toBe('/user/topic/reply');
        expect(message.headers.subscription).toBe('s');
      }
      await service.toUser(bob, 'topic.reply', 'for bob');
      await service.toUser(alice, 'topic.other', 'for the other tab');
      await Promise.all([stranger.received(1), elsewhere.received(1)]);
      expect(bodies(stranger)).toEqual(['for bob']);
      expect(bodies(elsewhere)).toEqual(['for the other tab']);
      expect(tabs.map(bodies)).toEqual(tabs.map(() => ['for alice']));
    });

    it('are the same message in all tabs of one relay: one message-id, unlike the next one’s', async () => {
      const alice = unique('alice');
      const tabs = await Promise.all([
        subscriber(relay, alice, '/user/topic/reply'),
        subscriber(relay, alice, '/user/topic/reply'),
      ]);
      await service.toUser(alice, 'topic.reply', 'one');
      await service.toUser(alice, 'topic.reply', 'two');
      const [first, second] = await Promise.all(tabs.map((tab) => tab.received(2)));
      const ids = first?.map(({ headers }) => headers['message-id']);
      expect(ids).toEqual(second?.map(({ headers }) => headers['message-id']));
      expect(new Set(ids).size).toBe(2);
    });

    it.each([
      ['alice@example.com', 'alice%40example%2Ecom'],
      ['a.b.c', 'a%2Eb%2Ec'],
      ['a*b', 'a%2Ab'],
      ['*', '%2A'],
      ['#', '%23'],
      ['100%', '100%25'],
      ['%2E', '%252E'],
      ['a b+c', 'a%20b%2Bc'],
      ['Zoë 日本 🎉', 'Zo%C3%AB%20%E6%97%A5%E6%9C%AC%20%F0%9F%8E%89'],
      ['colon:back\\slash', 'colon%3Aback%5Cslash'],
    ])('find a user called %s', async (name, word) => {
      const client = await relay.stomp(name);
      expect(decodeURIComponent(client.connected?.headers['user-name'] ?? '')).toBe(name);
      const rest = unique('topic');
      await client.subscribed(`/user/${rest}/reply`, { id: 's' });
      await service.publish('relay.user', `${word}.${rest}.reply`, 'over AMQP');
      await client.message(0);

      const sender = await relay.stomp(unique('sender'));
      sender.send(`/user/${encodeURIComponent(name).replaceAll('*', '%2A')}/${rest}/reply`, 'over STOMP');
      await client.message(1);
      expect(bodies(client)).toEqual(['over AMQP', 'over STOMP']);
      for (const { headers } of client.messages()) expect(headers.destination).toBe(`/user/${rest}/reply`);
    });

    it('find a user whose name has a slash, over AMQP', async () => {
      const rest = unique('topic');
      const client = await subscriber(relay, 'team/alice', `/user/${rest}`);
      await service.publish('relay.user', `team%2Falice.${rest}`, 'hello');
      expect((await client.message(0)).body.toString()).toBe('hello');
    });

    it('do not find users whose names only resemble', async () => {
      const rest = unique('topic');
      const names = ['alice.bob', 'alice', 'alice%2Ebob', 'Alice.bob', 'alice.bob ', '*'];
      const clients = await Promise.all(names.map((name) => subscriber(relay, name, `/user/${rest}`)));
      for (const name of names) await service.toUser(name, rest, `for ${name}`);
      await Promise.all(clients.map((client) => client.received(1)));
      await service.toUser('alice', `bob.${rest}`, 'for nobody here');
      for (const name of names) await service.toUser(name, rest, `again for ${name}`);
      await Promise.all(clients.map((client) => client.received(2)));
      expect(clients.map(bodies)).toEqual(names.map((name) => [`for ${name}`, `again for ${name}`]));
    });

    it('can be sent by clients, with the user written plainly, and slashes become words', async () => {
      const alice = `${unique('alice')}@example.com`;
      const client = await subscriber(relay, alice, '/user/queue/a/b');
      const sender = await other.stomp(unique('sender'));
      sender.send(`/user/${alice}/queue/a/b`, 'slashes');
      sender.send(`/user/${encodeURIComponent(alice)}/queue.a.b`, 'words');
      await client.received(2);
      expect(bodies(client)).toEqual(['slashes', 'words']);
      expect(client.messages().map(({ headers }) => headers.destination)).toEqual([
        '/user/queue/a/b',
        '/user/queue/a/b',
      ]);
    });

    it('come once for each of two subscriptions of one session', async () => {
      const alice = unique('alice');
      const client = await relay.stomp(alice);
      await client.subscribed('/user/topic/reply', { id: 'one' });
      await client.subscribed('/user/topic.reply', { id: 'two' });
      await service.toUser(alice, 'topic.reply', 'both');
      await client.received(2);
      const seen = client.messages().map(({ headers }) => `${headers.subscription} ${headers.destination}`);
      expect(seen.sort()).toEqual(['one /user/topic/reply', 'two /user/topic.reply']);
    });
  });

  describe('topics', () => {
    it('go to every subscriber, wildcards included, and to AMQP', async () => {
      const news = unique('news');
      const clients = await Promise.all(
        [`${news}.sport`, `${news}.*`, `${news}.#`, `${news}.*.final`].map((pattern) =>
          subscriber(relay, unique('reader'), `/topic/${pattern}`),
        ),
      );
      const tap = await service.tap('amq.topic', `${news}.#`);
      const sender = await other.stomp(unique('sender'));
      sender.send(`/topic/${news}.sport`, 'sport');
      sender.send(`/topic/${news}.sport.final`, 'final');
      sender.send(`/topic/${news}`, 'bare');
      await service.toTopic(`${news}.sport`, 'sport from a service');
      await service.toTopic(`${news}.end`, 'end');
      await service.toTopic(`${news}.end.final`, 'final end');
      await service.toTopic(`${news}.sport`, 'sport end');
      const [exact, star, hash, last] = clients;
      if (!exact || !star || !hash || !last) throw new Error('a client is missing');
      await Promise.all([exact.received(3), star.received(4), hash.received(7), last.received(2)]);
      // The client's SENDs and the service's come by different ways: their order is nobody's promise.
      expect(bodies(exact).sort()).toEqual(['sport', 'sport end', 'sport from a service']);
      expect(bodies(star).sort()).toEqual(['end', 'sport', 'sport end', 'sport from a service']);
      expect(bodies(last).sort()).toEqual(['final', 'final end']);
      expect(bodies(hash).filter((body) => ['sport', 'final', 'bare'].includes(body))).toEqual([
        'sport',
        'final',
        'bare',
      ]);
      await tap.message('sport');
      const wildcard = star.messages().find(({ body }) => body.toString() === 'sport');
      expect(wildcard?.headers.destination).toBe(`/topic/${news}.sport`);
    });

    it('fan out to all versions and subscription ids, each with its own headers', async () => {
      const key = unique('fan');
      const versions = ['1.0', '1.1', '1.2'] as const;
      const ids = ['same', 'same', 'a:b', 'c'];
      const clients = await Promise.all(
        versions.flatMap((version) =>
          ids.map(async (id) => {
            const client = await relay.stomp(unique('reader'), { versions: [version] });
            expect(client.version).toBe(version);
            await client.subscribed(`/topic/${key}`, { id: version === '1.2' ? id : id.replace(':', '') });
            return client;
          }),
        ),
      );
      await service.toTopic(key, 'héllo', { headers: { plain: 'value', 'with:colon': 'a\\b:c\nd' } });
      for (const [i, client] of clients.entries()) {
        const message = await client.message(0);
        const version = versions[Math.floor(i / ids.length)];
        const id = ids[i % ids.length] ?? '';
        expect(message.body.toString()).toBe('héllo');
        expect(message.headers.subscription).toBe(version === '1.2' ? id : id.replace(':', ''));
        expect(message.headers.destination).toBe(`/topic/${key}`);
        expect(message.headers['message-id']).toBeTruthy();
        expect(message.headers.plain).toBe('value');
        expect(message.headers['content-length']).toBe('6');
        if (version === '1.2') expect(message.headers['with:colon']).toBe('a\\b:c\nd');
      }
      await service.toTopic(key, 'second');
      for (const client of clients) await client.received(2);
      expect(clients.map((client) => client.messages().length)).toEqual(clients.map(() => 2));
    });

    it('reach services: /app goes to relay.app', async () => {
      const key = unique('orders');
      const tap = await service.tap('relay.app', `${key}.#`);
      const client = await relay.stomp(unique('shopper'));
      client.send(`/app/${key}.create`, 'one please', { 'content-type': 'text/plain', receipt: 'sent' });
      await client.receipt('sent');
      const message = await tap.message('one please');
      expect(message.fields.routingKey).toBe(`${key}.create`);
      expect(message.properties.contentType).toBe('text/plain');
    });
  });

  describe('order', () => {
    const count = 1000;
    const expected = Array.from({ length: count }, (_, i) => String(i));

    it('is kept from a client to a user and to a topic', async () => {
      const [alice, key] = [unique('alice'), unique('order')];
      const [byUser, byTopic] = await Promise.all([
        subscriber(other, alice, '/user/topic/reply'),
        subscriber(other, alice, `/topic/${key}`),
      ]);
      const sender = await relay.stomp(unique('sender'));
      for (const body of expected) {
        sender.send(`/user/${alice}/topic/reply`, body);
        sender.send(`/topic/${key}`, body, Number(body) % 100 === 0 ? { receipt: body } : {});
      }
      await Promise.all([byUser.received(count), byTopic.received(count)]);
      expect(bodies(byUser)).toEqual(expected);
      expect(bodies(byTopic)).toEqual(expected);
    });

    it('is kept from a service to all tabs of a user', async () => {
      const alice = unique('alice');
      const tabs = await Promise.all([
        subscriber(relay, alice, '/user/topic/reply'),
        subscriber(relay, alice, '/user/topic/reply'),
        subscriber(other, alice, '/user/topic/reply'),
      ]);
      for (const body of expected) service.post('relay.user', `${alice}.topic.reply`, body);
      await service.settled();
      for (const tab of tabs) {
        await tab.received(count);
        expect(bodies(tab)).toEqual(expected);
      }
    });
  });

  describe('unsubscribing', () => {
    it('stops a topic: what a neighbour still gets does not come', async () => {
      const key = unique('stop');
      const [client, neighbour] = await Promise.all([
        subscriber(relay, unique('alice'), `/topic/${key}`),
        subscriber(relay, unique('bob'), `/topic/${key}`),
      ]);
      await client.subscribed(`/topic/${key}.fence`, { id: 'fence' });
      await service.toTopic(key, 'before');
      await client.received(1);
      await client.unsubscribed('s');
      await service.toTopic(key, 'after');
      await neighbour.received(2);
      await service.toTopic(`${key}.fence`, 'fence');
      await client.message(0, 'fence');
      expect(bodies(client)).toEqual(['before', 'fence']);
    });

    it('stops a user destination, and what comes later is unread', async () => {
      const alice = unique('alice');
      const unread = await service.tapUnread(alice);
      const client = await subscriber(relay, alice, '/user/topic/reply');
      await client.subscribed('/user/topic/fence', { id: 'fence' });
      await service.toUser(alice, 'topic.reply', 'before');
      await client.received(1);
      await client.unsubscribed('s');
      await service.toUser(alice, 'topic.reply', 'after');
      await unread.message('after');
      await service.toUser(alice, 'topic.fence', 'fence');
      await client.message(0, 'fence');
      expect(bodies(client)).toEqual(['before', 'fence']);
    });

    it('in one tab leaves the other tab alone', async () => {
      const alice = unique('alice');
      const [leaving, staying] = await Promise.all([
        subscriber(relay, alice, '/user/topic/reply'),
        subscriber(relay, alice, '/user/topic/reply'),
      ]);
      await leaving.unsubscribed('s');
      await service.toUser(alice, 'topic.reply', 'still here');
      expect((await staying.message(0)).body.toString()).toBe('still here');
      expect(leaving.messages()).toEqual([]);
    });

    it('stops a queue, whose messages wait', async () => {
      const key = unique('stop');
      const client = await subscriber(relay, unique('alice'), `/queue/${key}`);
      await client.unsubscribed('s');
      await service.publish('', key, 'waits');
      await client.subscribed(`/queue/${key}`, { id: 'again' });
      expect((await client.message(0)).headers.subscription).toBe('again');
      expect(client.messages()).toHaveLength(1);
    });
  });
});

describe('bodies', () => {
  it('come as text messages when the frame is UTF-8 and as binary ones when it is not', async () => {
    const alice = unique('alice');
    const key = unique('bytes');
    const client = await relay.connected(alice);
    await client.subscribed('u', '/user/topic/reply');
    await client.subscribed('t', `/topic/${key}`);
    const samples: [string, Buffer, boolean][] = [
      ['UTF-8', Buffer.from('grüße 🎉'), false],
      ['with NUL', Buffer.from('a\0b'), false],
      ['a lone continuation byte', Buffer.from([0x80]), true],
      ['a truncated sequence', Buffer.from([0x61, 0xf0, 0x9f, 0x8e]), true],
      ['empty', Buffer.alloc(0), false],
    ];
    for (const [name, body, binary] of samples) {
      await service.toUser(alice, 'topic.reply', body, { headers: { name } });
      await service.toTopic(key, body, { headers: { name } });
      for (const subscription of ['u', 't']) {
        const message = await client.frame(
          ({ headers }) => headers.name === name && headers.subscription === subscription,
          `${name} on ${subscription}`,
        );
        expect(message.body).toEqual(body);
        expect(message.binary).toBe(binary);
      }
    }
    expect(client.junk).toEqual([]);
  });

  it('are accepted in text and in binary messages, several frames in one and one in several', async () => {
    const key = unique('split');
    const client = await relay.connected(unique('alice'));
    await client.subscribed('t', `/topic/${key}`);
    const send = (body: string) => frame('SEND', { destination: `/topic/${key}` }, body);
    client.write(send('text'));
    client.write(Buffer.from(send('binary')));
    client.write(`${send('two')}\n${send('in one')}`);
    for (const byte of Buffer.from(send('byte by byte ü'))) client.write(Buffer.from([byte]));
    await client.message('byte by byte ü');
    expect(client.bodies()).toEqual(['text', 'binary', 'two', 'in one', 'byte by byte ü']);
  });

  it('of 1 MiB pass both ways', async () => {
    const [alice, key] = [unique('alice'), unique('big')];
    const client = await relay.stomp(alice);
    await client.subscribed('/user/topic/reply', { id: 'u' });
    await client.subscribed(`/topic/${key}`, { id: 't' });
    const tap = await service.tap('amq.topic', key);
    const body = randomBytes(MIB);
    client.send(`/topic/${key}`, body, { receipt: 'topic' });
    client.send(`/user/${alice}/topic/reply`, body, { receipt: 'user' });
    await client.receipt('topic');
    await client.receipt('user');
    await service.toUser(alice, 'topic.reply', body);
    await service.toTopic(key, body);
    await client.received(2, 'u');
    await client.received(2, 't');
    for (const message of client.messages()) expect(message.body.equals(body)).toBe(true);
    expect(tap.messages.map(({ content }) => content.equals(body))).toEqual([true, true]);
  });

  it.each([
    ['with a content-length', true],
    ['without', false],
  ])('over the limit are refused with 4413 (%s)', async (_name, withLength) => {
    const client = await relay.connected(unique('alice'));
    const body = 'x'.repeat(MIB + MIB / 8);
    const length = withLength ? { 'content-length': String(body.length) } : {};
    client.send('SEND', { destination: '/topic/x', ...length }, body);
    const { error, code } = await client.refused();
    expect(code).toBe(closures.tooLarge.code);
    expect(error.headers.code).toBe('ERR_FRAME_TOO_LARGE');
    expect(error.headers.message).toMatch(/\d+ bytes/);
  });

  it('over the limit are refused before they arrive, when the content-length says so', async () => {
    const client = await relay.connected(unique('alice'));
    client.write(`SEND\ndestination:/topic/x\ncontent-length:${100 * MIB}\n\n`);
    expect((await client.refused()).code).toBe(closures.tooLarge.code);
  });

  it('in one WebSocket message over twice the largest frame end the connection with 1009', async () => {
    const client = await relay.connected(unique('alice'));
    client.write(Buffer.alloc(3 * MIB, '\n'));
    expect((await client.over()).code).toBe(1009);
  });
});

describe('a burst of SENDs that ask for no receipt', () => {
  it('arrives whole, and costs no link to the broker', async () => {
    // Once RabbitMQ has held back a connection for publishing too fast, its Web-STOMP may end the connection.
    const webStomp = await CountingProxy.open(broker().webStompUrl);
    const busy = await startRelay({ RABBITMQ_WEB_STOMP_URL: webStomp.url });
    try {
      const links = webStomp.connections;
      for (let round = 0; round < 5; round++) {
        const key = unique('burst');
        const tap = await service.tap('amq.topic', key);
        const client = await busy.connected(unique('sender'));
        const expected = Array.from({ length: 3000 }, (_, i) => String(i));
        for (const body of expected) client.send('SEND', { destination: `/topic/${key}` }, body);
        client.send('DISCONNECT', { receipt: 'bye' });
        await client.receipt('bye');
        await waitFor(() => tap.messages.length >= expected.length || webStomp.connections > links, {
          what: () => `all of them; ${tap.messages.length} came`,
        });
        expect(webStomp.connections).toBe(links);
        expect(tap.bodies()).toEqual(expected);
      }
    } finally {
      await busy.close();
      await webStomp.close();
    }
  });
});

describe('who sent it', () => {
  it('is told to every receiver, and cannot be forged', async () => {
    const [mallory, alice, key] = [`${unique('mallory')}:ü`, unique('alice'), unique('who')];
    const tap = await service.tap('relay.app', key);
    const receiver = await relay.stomp(alice);
    await receiver.subscribed('/user/topic/reply', { id: 'u' });
    await receiver.subscribed(`/topic/${key}`, { id: 't' });
    await receiver.subscribed(`/queue/${key}`, { id: 'q' });
    const sender = await relay.stomp(mallory);
    const forged = {
      'relay-user': 'admin',
      'user-id': 'admin',
      CC: 'x',
      BCC: 'x',
      'x-death': 'x',
      'x-first-death-queue': 'x',
      mine: 'kept',
    };
    const destinations = [`/user/${alice}/topic/reply`, `/topic/${key}`, `/app/${key}`, `/queue/${key}`];
    for (const destination of destinations) {
      sender.send(destination, 'who?', { ...forged, receipt: destination });
      await sender.receipt(destination);
    }
    for (const id of ['u', 't', 'q']) {
      const { headers } = await receiver.message(0, id);
      expect(headers).toMatchObject({ 'relay-user': mallory, mine: 'kept' });
      for (const name of Object.keys(forged).slice(1, -1)) expect(headers).not.toHaveProperty([name]);
    }
    const { properties } = await tap.message('who?');
    expect(properties.headers).toMatchObject({ 'relay-user': mallory, mine: 'kept' });
    // RabbitMQ's STOMP plugin itself turns these two into message headers.
    const names = Object.keys(properties.headers ?? {}).filter(
      (name) => !['content-length', 'receipt'].includes(name),
    );
    expect(names.sort()).toEqual(['mine', 'relay-published-at', 'relay-user']);
    expect(properties.userId).toBeUndefined();
  });

  it('cannot be forged by writing the header twice or in escapes', async () => {
    const key = unique('who');
    const client = await relay.connected('honest');
    await client.subscribed('t', `/topic/${key}`);
    const lines = ['relay-user:admin', 'relay-user:root', 'relay\\-user:x', 'Relay-User:admin'];
    client.write(`SEND\ndestination:/topic/${key}\n${lines[0]}\n${lines[1]}\n\nplain\0`);
    const message = await client.message('plain');
    expect(message.headers['relay-user']).toBe('honest');
  });
});

describe('subscribing', () => {
  it.each([
    ['a topic', (key: string, _user: string) => [`/topic/${key}`, `/topic/${key}`] as const],
    ['a user', (key: string, user: string) => [`/user/${key}`, `/user/${user}/${key}`] as const],
    ['a queue', (key: string, _user: string) => [`/queue/${key}`, `/queue/${key}`] as const],
  ])('and sending without waiting for the receipt arrives: %s', async (_name, destinations) => {
    const alice = unique('alice');
    const client = await relay.connected(alice);
    const expected: string[] = [];
    for (let i = 0; i < 20; i++) {
      const [read, write] = destinations(unique('at-once'), alice);
      const [first, second] = [`${i} first`, `${i} second`];
      client.write(
        frame('SUBSCRIBE', { id: String(i), destination: read }) +
          frame('SEND', { destination: write }, first) +
          frame('SEND', { destination: write }, second),
      );
      expected.push(first, second);
    }
    await Promise.all(expected.map((body) => client.message(body)));
    expect(client.bodies().sort()).toEqual(expected.sort());
  });

  it.each([
    ['a topic', (key: string) => `/topic/${key}`, (key: string) => ['amq.topic', key] as const],
    [
      'a user',
      (key: string) => `/user/${key}`,
      (key: string, u: string) => ['relay.user', `${u}.${key}`] as const,
    ],
    ['a queue', (key: string) => `/queue/${key}`, (key: string) => ['', key] as const],
  ])('is complete with the receipt: nothing published later is missed: %s', async (_name, read, write) => {
    const alice = unique('alice');
    const client = await relay.connected(alice);
    const key = unique('loop');
    for (let i = 0; i < 60; i++) {
      // Every third time it is the same destination again, right after it was given up.
      const own = i % 3 === 0 ? key : `${key}.${i}`;
      await client.subscribed(String(i), read(own));
      const [exchange, routingKey] = write(own, alice);
      await service.publish(exchange, routingKey, String(i));
      await client.message(String(i));
      client.send('UNSUBSCRIBE', { id: String(i) });
    }
    expect(client.bodies()).toEqual(Array.from({ length: 60 }, (_, i) => String(i)));
  });

  it('many at once is complete with each receipt', async () => {
    const alice = unique('alice');
    const client = await relay.connected(alice);
    const numbers = Array.from({ length: 100 }, (_, i) => i);
    await Promise.all(
      numbers.map(async (i) => {
        await client.subscribed(String(i), `/user/many.${i}`);
        await service.toUser(alice, `many.${i}`, String(i));
      }),
    );
    await Promise.all(numbers.map((i) => client.message(String(i))));
    expect(client.messages()).toHaveLength(100);
  });
});
