import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bindings } from '../../src/broker/bindings.js';
import { AmqpConnection } from '../../src/broker/connection.js';
import {
  declareNode,
  declareShared,
  names,
  nodeExchangeName,
  nodeQueueName,
} from '../../src/broker/topology.js';
import { createLogger } from '../../src/logger.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

const log = createLogger('silent');
let proxy: CuttingProxy;
let service: Service;
let amqp: AmqpConnection;
let bindings: Bindings;
let node: string;
let user: string;

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().amqpUrl);
  service = await Service.open();
  node = unique('bindings');
  user = unique('bob');
  amqp = new AmqpConnection(proxy.url, log, 'test');
  bindings = new Bindings({ name: node }, 3, log, (error) => amqp.reset(error));
  amqp.onConnect(declareShared);
  amqp.onConnect((connection) => declareNode(connection, node, 'quorum', 60_000));
  amqp.onConnect((connection) => bindings.restore(connection));
  await amqp.open();
});
afterEach(async () => {
  await amqp.close();
  await service.channel.deleteExchange(nodeExchangeName(node));
  await service.channel.deleteQueue(nodeQueueName(node));
  await service.close();
  await proxy.close();
});

const key = (name: string) => `${user}.${name}`;

/** The keys that lead to the node queue, found out by publishing to each. */
async function bound(...candidates: string[]): Promise<string[]> {
  const queue = nodeQueueName(node);
  await service.channel.purgeQueue(queue);
  for (const name of candidates) await service.publish(names.user, key(name), name);
  const found: string[] = [];
  for (let one = await service.channel.get(queue, { noAck: true }); one; ) {
    found.push(one.content.toString());
    one = await service.channel.get(queue, { noAck: true });
  }
  return found;
}

async function outage(): Promise<void> {
  proxy.fail();
  await waitFor(() => !amqp.up, { what: 'the loss' });
}

async function recovery(): Promise<void> {
  proxy.restore();
  await waitFor(() => amqp.up, { what: 'the connection' });
}

/** Whether it is resolved by the time that everything already under way is done. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await bindings.add(key('probe'));
  await new Promise(setImmediate);
  return settled;
}

describe('with the broker there', () => {
  it('a binding is there when add resolves, and as long as anyone wants it', async () => {
    await bindings.add(key('a'));
    await bindings.add(key('a'));
    expect(await bound('a', 'b')).toEqual(['a']);
    bindings.remove(key('a'));
    await bindings.add(key('b'));
    expect(await bound('a', 'b')).toEqual(['a', 'b']);
    bindings.remove(key('a'));
    await waitFor(() => bindings.size === 1, { what: 'the unbinding' });
    expect(await bound('a', 'b')).toEqual(['b']);
  });

  it('quick changes of mind end as the last one says', async () => {
    for (let i = 0; i < 20; i++) {
      void bindings.add(key('a'));
      bindings.remove(key('a'));
    }
    await bindings.add(key('a'));
    expect(await bound('a')).toEqual(['a']);
    bindings.remove(key('a'));
    bindings.remove(key('a'));
    bindings.remove(key('never'));
    await waitFor(() => bindings.size === 0, { what: 'the unbinding' });
    expect(await bound('a')).toEqual([]);
  });

  it('deleting the exchange of the node cuts all of them', async () => {
    const all = Array.from({ length: 50 }, (_, i) => `k${i}`);
    await Promise.all(all.map((name) => bindings.add(key(name))));
    expect((await bound(...all)).length).toBe(50);
    await service.channel.deleteExchange(nodeExchangeName(node));
    expect(await bound(...all)).toEqual([]);
  });
});

describe('after an outage', () => {
  it('what was bound is bound, and what was removed meanwhile is not', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => bindings.add(key(name))));
    await outage();
    bindings.remove(key('b'));
    // Durable bindings outlive the relay's connection: until it is back, the broker still has this one.
    expect(await bound('a', 'b', 'c')).toEqual(['a', 'b', 'c']);
    await recovery();
    await waitFor(() => bindings.size === 2, { what: 'the unbinding' });
    expect(await bound('a', 'b', 'c')).toEqual(['a', 'c']);
  });

  it('what was added meanwhile is bound, and only then told so', async () => {
    await outage();
    let told = false;
    const added = bindings.add(key('a')).then(() => {
      told = true;
    });
    await waitFor(() => proxy.refused >= 2, { what: 'attempts' });
    expect(told).toBe(false);
    await recovery();
    await added;
    expect(await bound('a')).toEqual(['a']);
  });

  it('a queue that is gone is made again, with its bindings', async () => {
    await bindings.add(key('a'));
    await outage();
    await service.channel.deleteQueue(nodeQueueName(node));
    await recovery();
    expect(await bound('a')).toEqual(['a']);
  });

  it('what was added and removed meanwhile keeps nobody waiting', async () => {
    await outage();
    const added = bindings.add(key('a'));
    bindings.remove(key('a'));
    await recovery();
    expect(await isSettled(added)).toBe(true);
  });

  it('what was added, removed and added again meanwhile is bound, and keeps nobody waiting', async () => {
    await outage();
    const first = bindings.add(key('a'));
    bindings.remove(key('a'));
    const second = bindings.add(key('a'));
    await recovery();
    await second;
    expect(await bound('a')).toEqual(['a']);
    expect(await isSettled(first)).toBe(true);
  });
});

describe('a connection that ends while bindings are restored', () => {
  /** RabbitMQ's extension of AMQP 0-9-1: class exchange (40), method bind (30). */
  const BIND = Buffer.from([0, 40, 0, 30]);

  it('is made again, until all are restored', async () => {
    await bindings.add(key('a'));
    await outage();
    const added = bindings.add(key('b'));
    proxy.cutBefore((bytes) => bytes.includes(BIND) && bytes.includes(key('b')));
    const { passed } = proxy;
    proxy.restore();
    await waitFor(() => proxy.passed >= passed + 2, { what: 'another attempt after the cut', timeout: 5000 });
    await waitFor(() => amqp.up, { what: 'the connection' });
    await added;
    expect(await bound('a', 'b')).toEqual(['a', 'b']);
  });
});
