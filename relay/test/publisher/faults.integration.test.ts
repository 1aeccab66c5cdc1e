import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPublisher } from '../../publisher/index.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { manage } from '../support/management.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { behindProxy, reached, rejected } from './helpers.js';

const world = new World();
let relay: TestRelay;

beforeAll(async () => {
  relay = await world.relay();
});
afterAll(() => world.close());

describe('a connection that is lost', () => {
  test('costs no message and no order, and what comes twice has the same id', async () => {
    const user = unique('olga');
    const client = await relay.connected(user);
    await client.subscribed('mail', '/user/topic/reply');
    const { proxy, publisher } = await behindProxy(world, { maxUnconfirmed: 200 });
    const states: string[] = [];
    publisher.state.subscribe(({ status }) => states.push(status));
    const count = 3000;
    let confirmed = 0;
    const calls = numbered(count).map((body) =>
      publisher.toUser(user, '/topic/reply', body, { messageId: `id-${body}` }).then(() => {
        confirmed += 1;
        // Each time in the middle of what is on the wire.
        if ([300, 1100, 2000].includes(confirmed)) proxy.cut();
      }),
    );
    await Promise.all(calls);

    const first = () => [...new Set(client.bodies())];
    await waitFor(() => first().length === count, {
      what: () => `${count} messages, ${first().length} came`,
    });
    expect(first()).toEqual(numbered(count));
    for (const { headers, body } of client.messages()) {
      expect(headers['amqp-message-id']).toBe(`id-${body}`);
    }
    expect(proxy.passed).toBeGreaterThanOrEqual(4);
    expect(states[0]).toBe('connected');
    expect(states).toContain('waiting');
    expect(states.at(-1)).toBe('connected');
  });

  test('is made again, also to the next broker of a cluster', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => world.keep(CuttingProxy.open(broker().amqpUrl))));
    const url = [one?.url ?? '', two?.url ?? ''];
    one?.refuse();
    const publisher = await world.keep(openPublisher({ url, retry: { first: 20, most: 200 } }));
    expect(publisher.state.value).toMatchObject({ status: 'connected', host: new URL(url[1] ?? '').host });
    one?.restore();
    two?.fail();
    await publisher.toUser(unique('ann'), '/topic/reply', 'by the other one');
    expect(publisher.state.value).toMatchObject({ status: 'connected', host: new URL(url[0] ?? '').host });
  });

  test('does not keep a service from starting', async () => {
    const proxy = await world.keep(CuttingProxy.open(broker().amqpUrl));
    proxy.refuse();
    const publisher = await world.keep(openPublisher({ url: proxy.url, retry: { first: 20, most: 100 } }));
    expect(publisher.state.value).toMatchObject({ status: 'waiting' });
    const call = publisher.toUser(unique('early'), '/topic/reply', 'early');
    proxy.restore();
    await call;
  });
});

describe('a broker that says no', () => {
  test('to the connection is an error at once', async () => {
    const wrong = new URL(broker().amqpUrl);
    wrong.password = 'wrong';
    const refused = await rejected(openPublisher({ url: wrong.href }));
    expect(refused).toMatchObject({ name: 'PublishError', code: 'ERR_CONNECT' });
    expect(refused.message).toContain('ACCESS-REFUSED');

    // Could be one that is about to start.
    const nowhere = new URL(broker().amqpUrl);
    nowhere.pathname = '/no-such-vhost';
    const publisher = await world.keep(openPublisher({ url: nowhere.href }));
    expect(publisher.state.value).toMatchObject({
      status: 'waiting',
      reason: expect.stringContaining('no virtual host "no-such-vhost"'),
    });
  });

  test('to one message rejects that one, and the others go on', async () => {
    const { amqpUrl, clientUsername, clientPassword } = broker();
    const url = new URL(amqpUrl);
    url.username = clientUsername;
    url.password = clientPassword;
    const publisher = await world.keep(openPublisher({ url: url.href, retry: { first: 20, most: 100 } }));
    const service = await world.service();
    const tap = await service.tap('amq.topic', 'refusals');
    const results = await Promise.allSettled([
      publisher.toTopic('/topic/refusals', 'one'),
      publisher.toUser('bob', '/topic/reply', 'may not'),
      publisher.toTopic('/topic/refusals', 'two'),
      publisher.toUser('bob', '/topic/reply', 'may not either'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { code: 'ERR_REFUSED' } });
    await tap.message('two');
    expect(publisher.state.value.status).toBe('connected');
  });

  test('because no relay has run yet is waited out, and said', async () => {
    const { managementUrl, amqpUrl } = broker();
    const vhost = unique('empty');
    await manage({ managementUrl }, 'PUT', `vhosts/${vhost}`);
    const url = new URL(amqpUrl);
    url.pathname = `/${vhost}`;
    const publisher = await openPublisher({ url: url.href, retry: { first: 20, most: 100 } });
    const service = await Service.open(url.href);
    try {
      const calls = ['one', 'two', 'three'].map((body) => publisher.toUser('alice', '/topic/reply', body));
      await reached(publisher, 'stalled');
      expect(publisher.state.value).toMatchObject({
        reason: expect.stringContaining("no exchange 'relay.user'"),
      });
      // Topics are a way of their own.
      await publisher.toTopic('/topic/news', 'meanwhile');
      // Listening before it is there, or the first ones would pass unheard.
      await service.channel.assertExchange('unheard', 'fanout');
      const tap = await service.tap('unheard', '');
      await service.channel.assertExchange('relay.user', 'topic', { alternateExchange: 'unheard' });
      await Promise.all(calls);
      await reached(publisher, 'connected');
      await tap.message('three');
      expect(tap.bodies()).toEqual(['one', 'two', 'three']);
    } finally {
      await service.close();
      await publisher.close();
      await manage({ managementUrl }, 'DELETE', `vhosts/${vhost}`);
    }
  });

  test('for the moment (nack) is asked again, and what follows does not overtake', async () => {
    const service = await world.service();
    const queue = unique('full');
    const key = unique('nacked');
    await service.channel.assertQueue(queue, {
      durable: true,
      arguments: { 'x-max-length': 2, 'x-overflow': 'reject-publish' },
    });
    await service.channel.bindQueue(queue, 'amq.topic', key);
    const publisher = await world.keep(
      openPublisher({ url: broker().amqpUrl, retry: { first: 1000, most: 1000 }, maxUnconfirmed: 1 }),
    );
    const send = (body: string) => publisher.toTopic(`/topic/${key}`, body);
    const calls = numbered(5).map(send);
    await Promise.all(calls.slice(0, 2));
    await reached(publisher, 'stalled');
    const bodies: string[] = [];
    const first = await service.channel.get(queue, { noAck: true });
    if (first) bodies.push(first.content.toString());
    // There is room again, and nothing on the wire at this moment.
    calls.push(send('5'), send('6'));
    await waitFor(
      async () => {
        const message = await service.channel.get(queue, { noAck: true });
        if (message) bodies.push(message.content.toString());
        return bodies.length === 7;
      },
      { what: () => `all of them, ${bodies}` },
    );
    expect(bodies).toEqual(numbered(7));
    await Promise.all(calls);
    await service.channel.deleteQueue(queue);
  });

  test('for the moment, to some of many on the wire, loses none of them', async () => {
    const service = await world.service();
    const queue = unique('narrow');
    await service.channel.assertQueue(queue, {
      durable: true,
      arguments: { 'x-max-length': 5, 'x-overflow': 'reject-publish' },
    });
    await service.channel.bindQueue(queue, 'amq.topic', queue);
    const publisher = await world.keep(
      openPublisher({ url: broker().amqpUrl, retry: { first: 5, most: 20 }, maxUnconfirmed: 20 }),
    );
    let confirmed = 0;
    const calls = numbered(120).map((body) =>
      publisher.toTopic(`/topic/${queue}`, body).then(() => {
        confirmed += 1;
      }),
    );
    const bodies: string[] = [];
    await waitFor(
      async () => {
        const message = await service.channel.get(queue, { noAck: true });
        if (message) bodies.push(message.content.toString());
        return confirmed === 120 && !message;
      },
      { what: () => `all of them, ${bodies.length} came`, timeout: 40_000, interval: 1 },
    );
    await Promise.all(calls);
    expect(
      bodies
        .map(Number)
        .sort((x, y) => x - y)
        .map(String),
    ).toEqual(numbered(120));
    await service.channel.deleteQueue(queue);
  });
});
