import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bindings } from '../../src/broker/bindings.js';
import { AmqpConnection } from '../../src/broker/connection.js';
import { NodeQueue } from '../../src/broker/node-queue.js';
import { declareNode, declareShared, nodeExchangeName, nodeQueueName } from '../../src/broker/topology.js';
import { createLogger } from '../../src/logger.js';
import type { OutboundMessage } from '../../src/outbound/message.js';
import type { Delivery } from '../../src/upstream/delivery.js';
import type { UserTaker } from '../../src/upstream/route.js';
import { UserHub } from '../../src/upstream/users.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

/** A client that confirms what it is given, unless it is told not to. */
class Taker implements UserTaker {
  yield(): void {}

  readonly got: { body: string; delivery: Delivery }[] = [];

  constructor(private readonly confirms = true) {}

  deliver(message: OutboundMessage, delivery: Delivery): void {
    const { bytes } = message.encode({ subscription: 's', destination: 'd', version: '1.2' });
    this.got.push({ body: bytes.toString().split('\n\n')[1]?.slice(0, -1) ?? '', delivery });
    if (this.confirms) delivery.confirm();
  }

  get bodies(): string[] {
    return this.got.map(({ body }) => body);
  }

  async message(body: string, times = 1): Promise<void> {
    await waitFor(() => this.bodies.filter((one) => one === body).length >= times, {
      what: () => `${body}, ${times} times; have ${this.bodies}`,
    });
  }

  releaseAll(): void {
    for (const { delivery } of this.got) delivery.release();
  }
}

const PREFETCH = 10;
let proxy: CuttingProxy;
let service: Service;
let amqp: AmqpConnection;
let queue: NodeQueue;
let hub: UserHub;
let node: string;
let user: string;
let undelivered: number;
let queueGone: number;

beforeEach(async () => {
  const log = createLogger('silent');
  proxy = await CuttingProxy.open(broker().amqpUrl);
  service = await Service.open();
  node = unique('users');
  user = unique('alice');
  undelivered = 0;
  queueGone = 0;
  amqp = new AmqpConnection(proxy.url, log, 'test');
  const bindings = new Bindings({ name: node }, 2, log, (error) => amqp.reset(error));
  queue = new NodeQueue({ name: node }, PREFETCH, {
    onMessage: (message) => hub.receive(message),
    onBroken: (error) => {
      queueGone++;
      amqp.reset(error);
    },
  });
  hub = new UserHub(node, bindings, queue, log, () => undelivered++);
  amqp.onConnect(declareShared);
  amqp.onConnect((connection) => declareNode(connection, node, 'quorum', 60_000));
  amqp.onConnect((connection) => bindings.restore(connection));
  amqp.onConnect((connection) => queue.consume(connection));
  await amqp.open();
  await consuming();
});
afterEach(async () => {
  await amqp.close();
  await service.channel.deleteExchange(nodeExchangeName(node));
  await service.channel.deleteQueue(nodeQueueName(node));
  await service.close();
  await proxy.close();
});

const consuming = () => waitFor(() => queue.up && amqp.up, { what: 'the consumer of the node queue' });
const lost = () => waitFor(() => !queue.up, { what: 'the loss' });
const key = () => `${user}.topic.reply`;

async function subscribed(taker: Taker, to = key()): Promise<Taker> {
  await hub.subscribe(to, taker);
  return taker;
}

/** Nothing waits in the node queue any more, be it ready or unacknowledged. */
async function emptied(): Promise<void> {
  await queue.close();
  await waitFor(async () => (await service.channel.checkQueue(nodeQueueName(node))).consumerCount === 0, {
    what: 'the end of the consumer',
  });
  expect((await service.channel.checkQueue(nodeQueueName(node))).messageCount).toBe(0);
}

describe('delivery', () => {
  it('to every taker of the user and destination, and to nobody else; confirmed by one is enough', async () => {
    const [one, two] = [await subscribed(new Taker()), await subscribed(new Taker(false))];
    const other = await subscribed(new Taker(), `${user}.topic.other`);
    await service.toUser(user, 'topic.reply', 'hello');
    await Promise.all([one.message('hello'), two.message('hello')]);
    expect(other.bodies).toEqual([]);
    await emptied();
    expect(undelivered).toBe(0);
  });

  it('in order, and on and on over the prefetch', async () => {
    const taker = await subscribed(new Taker());
    for (let i = 0; i < 200; i++) service.post('relay.user', key(), String(i));
    await taker.message('199');
    expect(taker.bodies).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    await emptied();
  });

  it('gives back as unread what every taker let go', async () => {
    const unread = await service.tapUnread(user);
    const [one, two] = [await subscribed(new Taker(false)), await subscribed(new Taker(false))];
    await service.toUser(user, 'topic.reply', 'given back');
    await Promise.all([one.message('given back'), two.message('given back')]);
    one.releaseAll();
    two.releaseAll();
    expect((await unread.message('given back')).fields.routingKey).toBe(key());
    expect(undelivered).toBe(1);
    await emptied();
  });

  it('gives back what comes for a user who has just gone, and for all when draining', async () => {
    const unread = await service.tapUnread(user);
    const taker = await subscribed(new Taker());
    hub.drain();
    await service.toUser(user, 'topic.reply', 'too late');
    await unread.message('too late');
    expect(taker.bodies).toEqual([]);
  });

  it('keeps one taker’s trouble from the others', async () => {
    const broken: UserTaker = {
      deliver() {
        throw new Error('broken');
      },
      yield() {},
    };
    await hub.subscribe(key(), broken);
    const fine = await subscribed(new Taker());
    await service.toUser(user, 'topic.reply', 'hello');
    await fine.message('hello');
    expect(proxy.passed).toBe(1);
  });

  it('never has more on its way than the prefetch, and goes on with whatever is let go', async () => {
    const greedy = await subscribed(new Taker(false));
    const other = await subscribed(new Taker(), `${user}.topic.other`);
    const unread = await service.tapUnread(user);
    for (let i = 0; i <= PREFETCH; i++) service.post('relay.user', key(), String(i));
    await greedy.message(String(PREFETCH - 1));
    await service.toUser(user, 'topic.other', 'for the other');
    // One more each time: the broker sends nothing over the prefetch, and nothing is stuck under it.
    greedy.got[0]?.delivery.release();
    await greedy.message(String(PREFETCH));
    expect(other.bodies).toEqual([]);
    greedy.got[1]?.delivery.confirm();
    await other.message('for the other');
    await unread.message('0');
    expect(unread.bodies()).toEqual(['0']);
    // What the session does about it – bounds on number and time – is tested with the session.
    greedy.releaseAll();
    await unread.message(String(PREFETCH));
    await emptied();
  });
});

describe('bindings', () => {
  it('go with the last subscription: from then on messages are unread', async () => {
    const unread = await service.tapUnread(user);
    const [one, two] = [await subscribed(new Taker()), await subscribed(new Taker())];
    hub.unsubscribe(key(), one);
    await service.toUser(user, 'topic.reply', 'still there');
    await two.message('still there');
    hub.unsubscribe(key(), two);
    expect(hub.routeCount).toBe(0);
    // The unbinding is not waited for; messages that still come are given back, so either way they are unread.
    await service.toUser(user, 'topic.reply', 'gone');
    await unread.message('gone');
    expect([one.bodies, two.bodies]).toEqual([[], ['still there']]);
  });

  it('are not touched by ending a subscription twice, or one that never was', async () => {
    const [one, two] = [await subscribed(new Taker()), await subscribed(new Taker())];
    hub.unsubscribe(key(), one);
    hub.unsubscribe(key(), one);
    hub.unsubscribe(key(), new Taker());
    hub.unsubscribe('nobody.x', one);
    await service.toUser(user, 'topic.reply', 'hello');
    await two.message('hello');
  });
});

describe('a cut connection', () => {
  it('delivers again what was not confirmed, and nothing that was', async () => {
    const taker = await subscribed(new Taker(false));
    const all = Array.from({ length: PREFETCH + 1 }, (_, i) => String(i));
    for (const body of all) service.post('relay.user', key(), body);
    await taker.message(String(PREFETCH - 1));
    taker.got[0]?.delivery.confirm();
    // The last is over the prefetch: that it comes is the sign that the broker has the confirmation.
    await taker.message(String(PREFETCH));
    proxy.cut();
    await lost();
    await taker.message(String(PREFETCH), 2);
    expect(taker.bodies).toEqual([...all, ...all.slice(1)]);
    // What was given out over the lost connection means nothing any more: it must not end the new one.
    for (const { delivery } of taker.got) delivery.confirm();
    await service.toUser(user, 'topic.reply', 'after');
    await taker.message('after');
    taker.got.at(-1)?.delivery.confirm();
    const probe = await subscribed(new Taker(), `${user}.probe`);
    await service.toUser(user, 'probe', 'probe');
    await probe.message('probe');
    expect([proxy.passed, queueGone]).toEqual([2, 0]);
    await emptied();
  });

  it('loses nothing that is published meanwhile', async () => {
    const taker = await subscribed(new Taker());
    proxy.fail();
    await lost();
    await service.toUser(user, 'topic.reply', 'meanwhile');
    const late = new Taker();
    // Confirmed as soon as there is a broker to confirm it.
    const subscribing = hub.subscribe(`${user}.late`, late);
    proxy.restore();
    await subscribing;
    await service.toUser(user, 'late', 'late');
    await Promise.all([taker.message('meanwhile'), late.message('late')]);
  });
});

describe('a node queue that is gone', () => {
  it('is told, so that it is made again, and then delivers as before', async () => {
    const taker = await subscribed(new Taker());
    await service.channel.deleteQueue(nodeQueueName(node));
    await waitFor(() => queueGone, { what: 'the notice' });
    await consuming();
    await service.toUser(user, 'topic.reply', 'again');
    await taker.message('again');
    expect(queueGone).toBe(1);
  });
});
