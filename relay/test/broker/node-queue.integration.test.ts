import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AmqpConnection } from '../../src/broker/connection.js';
import { NodeQueue, type UserMessage } from '../../src/broker/node-queue.js';
import {
  declareNode,
  declareShared,
  names,
  nodeExchangeName,
  nodeQueueName,
} from '../../src/broker/topology.js';
import { createLogger } from '../../src/logger.js';
import { header } from '../../src/stomp/frame.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { startRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

const PREFETCH = 8;
/** More than this many unsettled ones are sent at once, without gathering. */
const AT_ONCE = PREFETCH / 4 + 1;

let proxy: CuttingProxy;
let service: Service;
let amqp: AmqpConnection;
let queue: NodeQueue;
let node: string;
let user: string;
let got: UserMessage[];
let broken: string[];

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().amqpUrl);
  service = await Service.open();
  node = unique('node-queue');
  user = unique('dora');
  got = [];
  broken = [];
  amqp = new AmqpConnection(proxy.url, createLogger('silent'), 'test');
  queue = new NodeQueue({ name: node }, PREFETCH, {
    onMessage: (message) => got.push(message),
    onBroken: (error) => {
      broken.push(error.message);
      amqp.reset(error);
    },
  });
  amqp.onConnect(declareShared);
  amqp.onConnect((connection) => declareNode(connection, node, 'quorum', 60_000));
  amqp.onConnect((connection) => queue.consume(connection));
  await amqp.open();
  await bind();
});
afterEach(async () => {
  await amqp.close();
  await service.channel.deleteExchange(nodeExchangeName(node));
  await service.channel.deleteQueue(nodeQueueName(node));
  await service.close();
  await proxy.close();
});

const key = () => `${user}.x`;
const bind = () => service.channel.bindQueue(nodeQueueName(node), names.users, key());
const bodies = () => got.map(({ body }) => body.toString());
const again = () => waitFor(() => queue.up && amqp.up, { what: 'the consumer' });

async function publish(...texts: string[]): Promise<void> {
  for (const text of texts) service.post(names.user, key(), text);
  await service.settled();
}

async function arrived(count: number): Promise<UserMessage[]> {
  await waitFor(() => got.length >= count, { what: () => `${count} messages; have ${bodies()}` });
  return got;
}

/** Token of the last delivery of a message. */
function token(body: string): number {
  const found = got.findLast((message) => message.body.toString() === body);
  if (!found) throw new Error(`${body} has not come; have ${bodies()}`);
  return found.token;
}

/** A quorum queue counts a consumer until it has put back what that one left, a moment after the channel's end. */
async function released(): Promise<void> {
  await waitFor(async () => (await service.channel.checkQueue(nodeQueueName(node))).consumerCount === 0, {
    what: 'the end of the consumer',
  });
}

/** What is still in the queue, unacknowledged or not, once its consumer has gone. */
async function left(): Promise<string[]> {
  await amqp.close();
  await released();
  const name = nodeQueueName(node);
  const found: string[] = [];
  for (;;) {
    const one = await service.channel.get(name, { noAck: true });
    if (!one) return found;
    found.push(one.content.toString());
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

it('may be missing behind its exchange: what is published then is unread, and not lost', async () => {
  const tap = await service.tapUnread('erin');
  await service.channel.bindExchange(nodeExchangeName(node), names.users, 'erin.x');
  await amqp.close();
  await service.channel.deleteQueue(nodeQueueName(node));
  await service.toUser('erin', 'x', 'nowhere');
  await tap.message('nowhere');
});

describe('a message', () => {
  it('comes with its key, headers and body', async () => {
    const body = Buffer.from([0, 255, 10]);
    await service.channel.bindQueue(nodeQueueName(node), names.users, `${user}.topic.grüße`);
    await service.toUser(user, 'topic.grüße', body, {
      headers: { a: 'b' },
      replyTo: 'answers',
      messageId: 'm',
    });
    const [message] = await arrived(1);
    expect(message?.key).toBe(`${user}.topic.grüße`);
    expect(message?.body.equals(body)).toBe(true);
    expect(message?.headers).toEqual([
      ...['redelivered', 'false', 'a', 'b', 'amqp-message-id', 'm', 'reply-to', '/reply-queue/answers'],
    ]);
  });
});

describe('the prefetch', () => {
  it('bounds what is on its way; whatever is settled makes room for as much', async () => {
    await publish(...numbers(PREFETCH + 3));
    await arrived(PREFETCH);
    queue.ack(token('3'));
    await arrived(PREFETCH + 1);
    queue.refuse(token('0'));
    await arrived(PREFETCH + 2);
    // Had the broker sent more than the prefetch, more than these would have come with them.
    expect(bodies()).toEqual(numbers(PREFETCH + 2));
  });

  it('is never used up by what is being gathered', async () => {
    const count = PREFETCH * 20;
    const settled = new Set<number>();
    await publish(...numbers(count));
    await waitFor(
      () => {
        for (const { token: one } of got) {
          if (!settled.has(one)) queue.ack(one);
          settled.add(one);
        }
        return got.length === count;
      },
      { what: () => `all of them; have ${got.length}` },
    );
    await queue.close();
    expect(await left()).toEqual([]);
  });
});

describe('settling', () => {
  it.each([
    ['gathered', 1],
    ['at once', AT_ONCE],
  ])('takes out what was acknowledged, %s', async (_, count) => {
    const unread = await service.tapUnread(user);
    await publish(...numbers(PREFETCH), 'next');
    await arrived(PREFETCH);
    for (const body of numbers(count)) queue.ack(token(body));
    // That it comes is the sign that the broker has an acknowledgement; they are sent together.
    await arrived(PREFETCH + 1);
    expect(await left()).toEqual([...numbers(PREFETCH).slice(count), 'next']);
    expect(unread.bodies()).toEqual([]);
  });

  it.each([
    ['gathered', 1],
    ['at once', AT_ONCE],
  ])('makes unread what was refused, %s', async (_, count) => {
    const unread = await service.tapUnread(user);
    await publish(...numbers(PREFETCH));
    await arrived(PREFETCH);
    for (const body of numbers(count)) queue.refuse(token(body));
    for (const body of numbers(count)) {
      expect((await unread.message(body)).fields.routingKey).toBe(key());
    }
    expect(await left()).toEqual(numbers(PREFETCH).slice(count));
    expect(unread.bodies().sort()).toEqual(numbers(count));
  });

  it('never takes out what lies between, whatever is around it', async () => {
    const unread = await service.tapUnread(user);
    await publish(...numbers(PREFETCH));
    await arrived(PREFETCH);
    for (const [before, refused, after] of [
      ['0', '1', '2'],
      ['4', '5', '6'],
    ] as const) {
      queue.ack(token(before));
      queue.refuse(token(refused));
      queue.ack(token(after));
    }
    for (const body of ['1', '5']) await unread.message(body);
    expect(await left()).toEqual(['3', '7']);
    expect(unread.bodies().sort()).toEqual(['1', '5']);
  });

  it('keeps the two apart, in one gathering', async () => {
    const unread = await service.tapUnread(user);
    await publish('acknowledged', 'refused', 'neither');
    await arrived(3);
    queue.refuse(token('refused'));
    queue.ack(token('acknowledged'));
    await unread.message('refused');
    expect(await left()).toEqual(['neither']);
    expect(unread.bodies()).toEqual(['refused']);
  });
});

describe('a cut connection', () => {
  it('brings back, as redelivered, what was not settled', async () => {
    await publish('a', 'b');
    await arrived(2);
    proxy.cut();
    await waitFor(() => !queue.up, { what: 'the loss' });
    await arrived(4);
    expect(bodies()).toEqual(['a', 'b', 'a', 'b']);
    expect(got.map(({ headers }) => header(headers, 'redelivered'))).toEqual([
      'false',
      'false',
      'true',
      'true',
    ]);
    await again();
    expect([broken, proxy.passed]).toEqual([[], 2]);
  });

  it('makes the tokens of before mean nothing', async () => {
    const unread = await service.tapUnread(user);
    await publish('a', 'b', 'c');
    const old = (await arrived(3)).map((message) => message.token);
    proxy.fail();
    await waitFor(() => !queue.up, { what: 'the loss' });
    for (const one of old) queue.ack(one);
    proxy.restore();
    await arrived(6);
    expect(new Set(got.map((message) => message.token)).size).toBe(6);
    for (const one of old) queue.refuse(one);
    for (const one of old) queue.ack(one);
    // All that is sent goes in order over one channel, so what the old tokens did would be done when this is.
    queue.refuse(token('a'));
    await unread.message('a');
    expect(await left()).toEqual(['b', 'c']);
    expect([unread.bodies(), broken, proxy.passed]).toEqual([['a'], [], 2]);
  });

  it('drops what was gathered, and the next gathering works', async () => {
    await publish('a', 'b');
    await arrived(2);
    queue.ack(token('a'));
    proxy.fail();
    await waitFor(() => !queue.up, { what: 'the loss' });
    proxy.restore();
    await again();
    await waitFor(() => bodies().filter((body) => body === 'b').length === 2, { what: 'b again' });
    queue.ack(token('b'));
    await queue.close();
    // The acknowledgement of the first may have made it or not; that of the second must.
    expect(await left()).not.toContain('b');
  });

  it('is survived by settling while the connection is being closed', async () => {
    await publish(...numbers(PREFETCH));
    await arrived(PREFETCH);
    amqp.reset(new Error('unusable'));
    // Enough that it is sent in this very turn, over a channel that has not heard of its end yet.
    for (const body of numbers(AT_ONCE)) expect(() => queue.ack(token(body))).not.toThrow();
    await again();
    await arrived(2 * PREFETCH);
  });
});

describe('a node queue that was deleted', () => {
  it('is told once, and declared and consumed again', async () => {
    await service.channel.deleteQueue(nodeQueueName(node));
    await waitFor(() => broken.length, { what: 'the notice' });
    await again();
    await bind();
    await publish('again');
    await arrived(1);
    expect([broken, bodies()]).toEqual([['the node queue was deleted'], ['again']]);
  });

  it('is declared again by the hub, with all that is bound to it', async () => {
    const relay = await startRelay({ RABBITMQ_URL: proxy.url });
    try {
      const client = await relay.connected(user);
      await client.subscribed('s', '/user/topic/reply');
      const before = proxy.passed;
      await service.channel.deleteQueue(nodeQueueName(relay.node));
      await waitFor(() => proxy.passed > before, { what: 'a new connection' });
      const ready = async () => (await fetch(`${relay.url}/readyz`)).status === 200;
      await waitFor(ready, { what: 'readiness' });
      await service.toUser(user, 'topic.reply', 'again');
      await client.message('again');
    } finally {
      await relay.close();
    }
  });
});

describe('a broken channel', () => {
  it('is told, and brings back what was not settled', async () => {
    await publish('a', 'b');
    await arrived(2);
    queue.ack(token('a'));
    // One that was never given out is a fault that the broker answers by ending the channel.
    queue.ack(token('b') + 1);
    await waitFor(() => broken.length, { what: 'the notice' });
    await again();
    await waitFor(() => bodies().at(-1) === 'b' && got.length > 2, { what: 'b again' });
    expect(broken).toHaveLength(1);
    expect(broken[0]).toContain('PRECONDITION');
  });
});

describe('close', () => {
  it('sends what was gathered, and lets go of the consumer and of what was not settled', async () => {
    const unread = await service.tapUnread(user);
    await publish('a', 'b', 'c');
    await arrived(3);
    queue.ack(token('a'));
    queue.refuse(token('b'));
    await queue.close();
    expect(queue.up).toBe(false);
    await unread.message('b');
    await released();
    expect(amqp.up).toBe(true);
    expect(await left()).toEqual(['c']);
    expect(broken).toEqual([]);
  });

  it('has the broker take all of a burst of acknowledgements', async () => {
    const count = 1000;
    const all: UserMessage[] = [];
    const onMessage = (message: UserMessage) => all.push(message);
    const busy = new NodeQueue({ name: node }, 2 * count, { onMessage, onBroken: () => {} });
    await queue.close();
    await amqp.use((connection) => busy.consume(connection));
    await publish(...numbers(count));
    await waitFor(() => all.length === count, { what: 'all of them' });
    for (const { token } of all) busy.ack(token);
    await busy.close();
    expect(await left()).toEqual([]);
  });

  it('may come twice, and when there never was a consumer', async () => {
    await queue.close();
    await queue.close();
    await new NodeQueue({ name: node }, PREFETCH, { onMessage: () => {}, onBroken: () => {} }).close();
    expect([queue.up, amqp.up, broken]).toEqual([false, true, []]);
  });

  it('makes later tokens mean nothing', async () => {
    await publish('a');
    await arrived(1);
    await queue.close();
    for (let i = 0; i < AT_ONCE; i++) queue.ack(token('a'));
    expect(await left()).toEqual(['a']);
    expect(broken).toEqual([]);
  });
});
