import { type ChannelModel, type ConsumeMessage, connect } from 'amqplib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEnvelope } from '../../envelope/index.js';
import { envelope, openPublisher, type Publisher } from '../../publisher/index.js';
import { broker } from '../support/broker.js';
import type { Mailroom } from '../support/mailroom.js';
import type { RawFrame } from '../support/raw.js';
import { type TestRelay, unique } from '../support/relay.js';
import { UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const world = new World();
let relay: TestRelay;
let mailroom: Mailroom;
let publisher: Publisher;

beforeAll(async () => {
  relay = await world.relay();
  mailroom = await world.mailroom();
  publisher = await world.keep(openPublisher({ url: broker().amqpUrl, name: 'shop' }));
});
afterAll(() => world.close());

/** A connected user, subscribed to `/user/topic/reply`. */
async function reader(user: string, destination = '/user/topic/reply') {
  const client = await relay.connected(user);
  await client.subscribed('mail', destination);
  return client;
}

function received(body: string, frames: { message(body: string): Promise<RawFrame> }): Promise<RawFrame> {
  return frames.message(body);
}

describe('a message to a user', () => {
  test.each(['alice', 'alice@example.com', 'a/b', 'a%2Fb', '*', '#', '..', 'Zoë 🦊'])(
    'named %s arrives, live and unread',
    async (name) => {
      const user = name.length > 5 ? unique(name) : name;
      const client = await reader(user);
      await publisher.toUser(user, '/topic/reply', 'live');
      await received('live', client);
      await publisher.toUser(user, '/topic/away', 'unread');
      const mail = await UnreadClient.of(relay, user);
      await mail.waiting(1, '/topic/away');
      expect(await mail.readAll(10, '/topic/away')).toEqual(['unread']);
    },
  );

  test('carries what the call says, as clients see it', async () => {
    const client = await reader('carla');
    const receipt = await publisher.toUser('carla', '/topic.reply', 'all of it', {
      messageId: 'order-17-shipped',
      headers: { colour: 'red', count: 3, big: true },
      correlationId: 'c-1',
      replyTo: '/topic/answers',
      type: 'order',
      priority: 4,
      expiration: 600_000,
      contentType: 'text/markdown',
      contentEncoding: 'identity',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      baggage: 'k=v',
    });
    expect(receipt).toEqual({ messageId: 'order-17-shipped' });
    const { headers } = await received('all of it', client);
    expect(headers).toMatchObject({
      destination: '/user/topic/reply',
      'amqp-message-id': 'order-17-shipped',
      colour: 'red',
      count: '3',
      big: 'true',
      'correlation-id': 'c-1',
      'reply-to': '/topic/answers',
      type: 'order',
      priority: '4',
      persistent: 'true',
      'content-type': 'text/markdown',
      'content-encoding': 'identity',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      tracestate: 'a=b',
      baggage: 'k=v',
    });
    expect(Number(headers.expiration)).toBeGreaterThan(590_000);
    expect(Number(headers.expiration)).toBeLessThanOrEqual(600_000);
    expect(Math.abs(Number(headers.timestamp) - Date.now() / 1000)).toBeLessThan(120);
    expect(headers['relay-user']).toBeUndefined();
  });

  test('has the trace of the moment of the call', async () => {
    const [first, own, second] = ['1', '2', '3'].map((id) => `00-${id.repeat(32)}-${id.repeat(16)}-01`) as [
      string,
      string,
      string,
    ];
    let trace = first;
    const traced = await world.keep(
      openPublisher({ url: broker().amqpUrl, trace: () => ({ traceparent: trace }) }),
    );
    const client = await reader('tracy');
    const calls = [traced.toUser('tracy', '/topic/reply', 'one')];
    trace = second;
    calls.push(traced.toUser('tracy', '/topic/reply', 'two', { headers: { traceparent: own } }));
    calls.push(traced.toUser('tracy', '/topic/reply', 'three'));
    await Promise.all(calls);
    const seen = await Promise.all(['one', 'two', 'three'].map((body) => received(body, client)));
    expect(seen.map(({ headers }) => headers.traceparent)).toEqual([first, own, second]);
  });

  test('is JSON, bytes or an envelope, and says so', async () => {
    const client = await reader('bodo');
    await publisher.toUser('bodo', '/topic/reply', { total: 3 });
    expect((await received('{"total":3}', client)).headers['content-type']).toBe('application/json');
    await publisher.toUser('bodo', '/topic/reply', new Uint8Array([0, 255, 254]));
    const bytes = await client.frame(({ binary }) => binary, 'a binary frame');
    expect([...bytes.body]).toEqual([0, 255, 254]);
    expect(bytes.headers['content-type']).toBe('application/octet-stream');
    await publisher.toUser('bodo', '/topic/reply', 'text');
    expect((await received('text', client)).headers['content-type']).toBe('text/plain;charset=utf-8');

    await publisher.toUser('bodo', '/topic/reply', envelope({ businessType: 'order.shipped', content: 17 }));
    const sealed = await client.frame(({ body }) => body.includes('order.shipped'), 'the envelope');
    expect(openEnvelope({ body: sealed.body.toString(), sender: undefined })).toMatchObject({
      sendType: 'user',
      messageType: 'notification',
      businessType: 'order.shipped',
      fromUniqueId: 'shop',
      toUniqueId: 'bodo',
      fromClientType: 'service',
      content: 17,
    });
  });

  test('with drop is not kept for somebody who is away', async () => {
    const user = unique('away');
    await publisher.toUser(user, '/topic/typing', 'worthless', { drop: true });
    await publisher.toUser(user, '/topic/reply', 'kept');
    await mailroom.holds(user, 1);
    expect(await mailroom.state(user, 'topic.typing')).toBeUndefined();
  });

  test('is one for each of toUsers, and nobody reads who else got it', async () => {
    const users = [unique('one'), unique('two')];
    const receipts = await publisher.toUsers(
      [...users, ...users],
      '/topic/reply',
      envelope({ businessType: 'news', content: 'all' }),
    );
    expect(receipts).toHaveLength(2);
    for (const [index, user] of users.entries()) {
      await mailroom.holds(user, 1);
      const [body] = await (await UnreadClient.of(relay, user)).readAll();
      expect(body).toContain(user);
      expect(body).not.toContain(users[1 - index]);
    }
  });
});

describe('a message to a topic', () => {
  test('G12: reaches whoever is subscribed; toAll those of the common one', async () => {
    const client = await relay.connected('tom');
    await client.subscribed('sport', '/topic/news.*');
    await client.subscribed('all', '/topic/all');
    await publisher.toTopic('/topic/news.sport', 'goal', { headers: { league: 'first' } });
    expect((await received('goal', client)).headers).toMatchObject({
      destination: '/topic/news.sport',
      league: 'first',
    });
    await publisher.toAll(envelope({ businessType: 'maintenance', content: 'tonight' }));
    const sealed = await client.frame(({ body }) => body.includes('maintenance'), 'the one for all');
    expect(openEnvelope({ body: sealed.body.toString(), sender: undefined })).toMatchObject({
      sendType: 'all',
      toUniqueId: '',
    });
    // Nobody is there, which is no error.
    await publisher.toTopic('/topic/nobody.here', 'unheard');
  });
});

describe('a reply', () => {
  let connection: ChannelModel;

  beforeAll(async () => {
    connection = await connect(broker().amqpUrl);
  });
  afterAll(() => connection.close());

  /** A service that answers what comes to an exchange with this key, or to its own queue. */
  async function service(
    answer: (request: ConsumeMessage) => Promise<unknown>,
    key?: string,
  ): Promise<string> {
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue('', { exclusive: true });
    if (key !== undefined) await channel.bindQueue(queue, 'relay.app', key);
    await channel.consume(queue, (request) => void (request && answer(request)), { noAck: true });
    return queue;
  }

  test.each(['erin', 'erin@example.com', 'er/in'])(
    'G13: reaches the own destination of %s who asked',
    async (user) => {
      const key = unique('prices');
      await service((request) => publisher.reply(request, { price: 3 }), key);
      const client = await reader(user, '/user/queue/answers');
      client.send('SEND', {
        destination: `/app/${key}`,
        'reply-to': '/user/queue/answers',
        'correlation-id': 'q-1',
      });
      const { headers } = await received('{"price":3}', client);
      expect(headers).toMatchObject({ 'correlation-id': 'q-1', 'relay-unread': 'drop' });
      expect(headers.persistent).not.toBe('true');
    },
  );

  test('reaches the temporary queue of a client', async () => {
    const queue = await service((request) => publisher.reply(request, 'three'));
    const channel = await connection.createChannel();
    const name = unique('ask');
    await channel.assertQueue(name, { durable: true });
    await channel.consume(name, (request) => {
      if (request) channel.sendToQueue(queue, request.content, request.properties);
    });
    const client = await relay.connected('fred');
    client.send('SEND', { destination: `/queue/${name}`, 'reply-to': '/temp-queue/answers' }, 'how much?');
    await received('three', client);
    await channel.deleteQueue(name);
  });

  test('reaches another service: its queue, however it is written, and its direct reply-to', async () => {
    const queue = await service((request) => publisher.reply(request, `re: ${request.content}`));
    const channel = await connection.createChannel();
    const answers: string[] = [];
    const keep = (message: ConsumeMessage | null) =>
      void (message && answers.push(message.content.toString()));
    await channel.consume('amq.rabbitmq.reply-to', keep, { noAck: true });
    const own = await channel.assertQueue('', { exclusive: true });
    await channel.consume(own.queue, keep, { noAck: true });
    const forms = ['amq.rabbitmq.reply-to', own.queue, `/reply-queue/${own.queue}`];
    for (const replyTo of forms) channel.sendToQueue(queue, Buffer.from(replyTo), { replyTo });
    await waitFor(() => answers.length === forms.length, { what: () => `all answers, ${answers} came` });
    expect(answers.sort()).toEqual(forms.map((form) => `re: ${form}`).sort());
  });

  test('to an exchange that nobody has made fails, and no other reply with it', async () => {
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue(unique('answers'), { exclusive: true });
    const to = (replyTo: string) => publisher.reply({ properties: { replyTo, headers: {} } }, replyTo);
    const results = await Promise.allSettled([
      to(queue),
      to('/exchange/nowhere/key'),
      to(`/queue/${queue}`),
      to('/exchange/neither/key'),
      to(`/amq/queue/${queue}`),
      publisher.toUser(unique('mail'), '/topic/reply', 'goes on'),
    ]);
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: { code: 'ERR_NO_EXCHANGE', name: 'PublishError' } });
    const bodies = new Set<string>();
    await waitFor(
      async () => {
        const message = await channel.get(queue, { noAck: true });
        if (message) bodies.add(message.content.toString());
        return bodies.size === 3;
      },
      { what: () => `three replies, ${[...bodies]}` },
    );
  });
});
