import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noAlarm } from '../../src/broker/alarm.js';
import type { RelayError } from '../../src/errors.js';
import { type Frame, header } from '../../src/stomp/frame.js';
import { PrivateLink } from '../../src/upstream/private.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { linkOptions } from '../support/links.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let proxy: CuttingProxy;
let service: Service;
let queue: string;
let messages: Frame[];
let refused: RelayError[];
const links: PrivateLink[] = [];

function open(highWater = 1 << 20, timeout = 60_000): PrivateLink {
  const link = new PrivateLink(
    linkOptions(proxy.url),
    { timeout, highWater, alarm: noAlarm },
    {
      onMessage: (frame) => messages.push(frame),
      onRefused: (error) => refused.push(error),
    },
  );
  links.push(link);
  return link;
}

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().webStompUrl);
  service = await Service.open();
  queue = unique('private');
  messages = [];
  refused = [];
});
afterEach(async () => {
  for (const link of links.splice(0)) link.close();
  await service.channel.deleteQueue(queue);
  await service.close();
  await proxy.close();
});

type Run = (done: (error?: RelayError) => void) => void;
const done = (run: Run) => new Promise<RelayError | undefined>((resolve) => run(resolve));

function subscribe(link: PrivateLink, id = 's', ...headers: string[]): Promise<RelayError | undefined> {
  const all = ['id', id, 'destination', `/queue/${queue}`, 'ack', 'client-individual', ...headers];
  return done((resolve) => link.subscribe(id, all, resolve));
}

function publish(link: PrivateLink, body: string, ...headers: string[]): Promise<RelayError | undefined> {
  return done((resolve) =>
    link.publish(['destination', `/queue/${queue}`, ...headers], Buffer.from(body), resolve),
  );
}

const bodies = () => messages.map(({ body }) => body.toString());
const ack = (index: number) => header(messages[index]?.headers ?? [], 'ack') ?? '';
const received = (count: number) =>
  waitFor(() => messages.length >= count, { what: () => `${count} messages; have ${bodies()}` });

async function stateOf(): Promise<{ messageCount: number; consumerCount: number }> {
  return service.channel.checkQueue(queue);
}

/** Cuts the connection and waits for the next one to be made. */
async function cut(): Promise<void> {
  const { passed } = proxy;
  proxy.cut();
  await waitFor(() => proxy.passed > passed, { what: 'the next connection' });
}

it('carries what waited for it, in order', async () => {
  const link = open();
  const all = [subscribe(link), ...['a', 'b', 'c'].map((body) => publish(link, body))];
  expect(await Promise.all(all)).toEqual(Array(4).fill(undefined));
  await received(3);
  expect(bodies()).toEqual(['a', 'b', 'c']);
  expect(refused).toEqual([]);
});

it('tells when the broker refuses something', async () => {
  const link = open();
  link.publish(['destination', '/nonsense/x'], Buffer.alloc(0));
  await waitFor(() => refused.length, { what: 'the refusal' });
  expect(refused[0]).toMatchObject({ code: 'ERR_BROKER_REFUSED', closure: 'brokerRefused' });
});

it('does not keep more than it may while the broker is away', async () => {
  proxy.fail();
  const link = open(1000);
  link.publish(['destination', '/queue/x'], Buffer.alloc(900));
  expect(refused).toEqual([]);
  link.publish(['destination', '/queue/x'], Buffer.alloc(900));
  expect(refused[0]).toMatchObject({ code: 'ERR_BROKER_UNAVAILABLE', closure: 'brokerUnavailable' });
});

describe('a SEND that is not confirmed in time', () => {
  const timedOut = expect.objectContaining({ code: 'ERR_SEND_TIMEOUT', closure: 'brokerUnavailable' });

  it('is refused to whoever waits for it, and to nobody else', async () => {
    proxy.fail();
    const link = open(undefined, 1000);
    const settled: unknown[] = [];
    const sent = Date.now();
    link.publish(['destination', `/queue/${queue}`], Buffer.from('a'), (error) => settled.push(error));
    link.publish(['destination', `/queue/${queue}`], Buffer.from('b'));
    void subscribe(link).then((error) => settled.push(error));
    link.tick(sent + 999);
    expect(settled).toEqual([]);
    link.tick(sent + 2000);
    expect(settled).toEqual([timedOut]);
    link.tick(sent + 100_000);
    expect([settled, refused]).toEqual([[timedOut], []]);
  });

  it('has all the time of its transaction’s COMMIT, which has as long as it takes', async () => {
    proxy.fail();
    const link = open(undefined, 1000);
    const settled: unknown[] = [];
    link.begin('t');
    const headers = ['destination', `/queue/${queue}`, 'transaction', 't'];
    link.publish(headers, Buffer.from('a'), (error) => settled.push(error));
    link.end('COMMIT', 't', (error) => settled.push(error));
    link.tick(Date.now() + 100_000);
    expect([settled, refused]).toEqual([[], []]);
    proxy.restore();
    await waitFor(() => settled.length === 2, { what: 'both receipts' });
    expect(settled).toEqual([undefined, undefined]);
  });
});

describe('close', () => {
  it('waits for the first connection, and tells that everything got there', async () => {
    await service.channel.assertQueue(queue, { durable: true });
    const link = open();
    link.publish(['destination', `/queue/${queue}`], Buffer.from('a'));
    expect(await link.close()).toBe(true);
    expect(await stateOf()).toMatchObject({ messageCount: 1, consumerCount: 0 });
  });

  it('tells that something did not, and does not wait for a broker that went away', async () => {
    const link = open();
    await subscribe(link);
    proxy.fail();
    await waitFor(() => proxy.refused, { what: 'an attempt' });
    link.publish(['destination', `/queue/${queue}`], Buffer.from('a'));
    expect(await link.close()).toBe(false);
  });

  it('misses nothing when nothing was sent, and does it once', async () => {
    const link = open();
    await subscribe(link);
    proxy.fail();
    await waitFor(() => proxy.refused, { what: 'an attempt' });
    expect(await Promise.all([link.close(), link.close()])).toEqual([true, true]);
  });
});

describe('acknowledgements', () => {
  it('settle what was delivered', async () => {
    const link = open();
    await subscribe(link);
    await publish(link, 'a');
    await received(1);
    expect(await done((resolve) => link.acknowledge('ACK', ['id', ack(0)], resolve))).toBeUndefined();
    link.close();
    await waitFor(async () => (await stateOf()).consumerCount === 0, { what: 'the end' });
    expect((await stateOf()).messageCount).toBe(0);
  });

  it('of another link never reach the broker', async () => {
    const [link, stranger] = [open(), open()];
    await subscribe(link);
    await publish(link, 'a');
    await received(1);
    await subscribe(stranger, 's');
    expect(() => stranger.acknowledge('ACK', ['id', ack(0)])).toThrow(/names no message/);
    expect(() => stranger.acknowledge('ACK', ['id', 'made up'])).toThrow(/names no message/);
    expect(() => stranger.acknowledge('ACK', [])).toThrow(/names no message/);
    expect(refused).toEqual([]);
  });
});

describe('a cut connection', () => {
  it('restores subscriptions and delivers again what was open', async () => {
    const link = open();
    await subscribe(link);
    await publish(link, 'open');
    await received(1);
    await cut();
    await received(2);
    expect(bodies()).toEqual(['open', 'open']);
    expect(header(messages[1]?.headers ?? [], 'redelivered')).toBe('true');
    expect(refused).toEqual([]);
  });

  it('answers an acknowledgement of the earlier copy, which has no effect', async () => {
    const link = open();
    await subscribe(link);
    await publish(link, 'open');
    await received(1);
    await cut();
    await received(2);
    expect(await done((resolve) => link.acknowledge('ACK', ['id', ack(0)], resolve))).toBeUndefined();
    expect(await done((resolve) => link.acknowledge('NACK', ['id', ack(0)], resolve))).toBeUndefined();
    expect(await done((resolve) => link.acknowledge('ACK', ['id', ack(1)], resolve))).toBeUndefined();
    expect(await publish(link, 'next')).toBeUndefined();
    await received(3);
    expect(bodies()).toEqual(['open', 'open', 'next']);
    expect([refused, proxy.passed]).toEqual([[], 2]);
  });

  it('does not bring back a subscription that was ended', async () => {
    const link = open();
    await subscribe(link);
    await done((resolve) => link.unsubscribe('s', ['id', 's'], resolve));
    await cut();
    expect(await publish(link, 'x')).toBeUndefined();
    expect(await stateOf()).toMatchObject({ messageCount: 1, consumerCount: 0 });
  });

  it('does not bring back a subscription that was ended before it was confirmed', async () => {
    const link = open();
    const both = [subscribe(link), done((resolve) => link.unsubscribe('s', ['id', 's'], resolve))];
    await Promise.all(both);
    await cut();
    expect(await publish(link, 'x')).toBeUndefined();
    expect(await stateOf()).toMatchObject({ messageCount: 1, consumerCount: 0 });
  });

  it('does not make a subscription that was ended while the broker was away', async () => {
    const link = open();
    expect(await publish(link, 'x')).toBeUndefined();
    proxy.fail();
    await waitFor(() => proxy.refused, { what: 'an attempt' });
    const both = [subscribe(link), done((resolve) => link.unsubscribe('s', ['id', 's'], resolve))];
    proxy.restore();
    await Promise.all(both);
    await cut();
    expect(await publish(link, 'y')).toBeUndefined();
    expect((await stateOf()).consumerCount).toBe(0);
  });

  it('repeats SENDs that were not confirmed, in order: none is lost', async () => {
    const link = open();
    await service.channel.assertQueue(queue, { durable: true });
    await publish(link, 'first');
    let passed = 0;
    proxy.cutBefore((bytes) => {
      passed += bytes.length;
      return passed > 5000;
    });
    const all: Promise<RelayError | undefined>[] = [];
    for (let i = 0; i < 100; i++) {
      all.push(publish(link, `number ${i}`));
      if (i % 10 === 9) await new Promise(setImmediate);
    }
    expect(new Set(await Promise.all(all))).toEqual(new Set([undefined]));
    expect(proxy.passed).toBe(2);
    const found: string[] = [];
    for (let one = await service.channel.get(queue, { noAck: true }); one; ) {
      found.push(one.content.toString());
      one = await service.channel.get(queue, { noAck: true });
    }
    expect([...new Set(found)]).toEqual(['first', ...Array.from({ length: 100 }, (_, i) => `number ${i}`)]);
  });
});

describe('a transaction', () => {
  it('is done at its COMMIT', async () => {
    const link = open();
    await subscribe(link);
    link.begin('t');
    link.publish(['destination', `/queue/${queue}`, 'transaction', 't'], Buffer.from('in'));
    await publish(link, 'out');
    await received(1);
    expect(bodies()).toEqual(['out']);
    expect(await done((resolve) => link.end('COMMIT', 't', resolve))).toBeUndefined();
    await received(2);
    expect(bodies()).toEqual(['out', 'in']);
  });

  it('that was open when the connection went is lost: its COMMIT is refused, its ABORT is answered', async () => {
    const link = open();
    for (const name of ['t', 'u']) link.begin(name);
    link.publish(['destination', `/queue/${queue}`, 'transaction', 't'], Buffer.from('in'));
    await publish(link, 'out');
    await cut();
    await publish(link, 'after');
    expect(() => link.end('COMMIT', 't')).toThrow(
      expect.objectContaining({ code: 'ERR_TRANSACTION_LOST', closure: 'brokerUnavailable' }),
    );
    expect(await done((resolve) => link.end('ABORT', 'u', resolve))).toBeUndefined();
    // Names are free again.
    link.begin('t');
    expect(await done((resolve) => link.end('COMMIT', 't', resolve))).toBeUndefined();
    expect((await stateOf()).messageCount).toBe(2);
    expect(refused).toEqual([]);
  });

  it('that was lost takes more frames without blaming the client for them', async () => {
    const link = open();
    link.begin('t');
    await publish(link, 'out');
    await cut();
    await publish(link, 'after');
    link.publish(['destination', `/queue/${queue}`, 'transaction', 't'], Buffer.from('in'));
    await publish(link, 'last');
    expect(refused).toEqual([]);
    expect(() => link.end('COMMIT', 't')).toThrow(expect.objectContaining({ code: 'ERR_TRANSACTION_LOST' }));
  });

  it('whose COMMIT was on its way is in doubt, and says so', async () => {
    const link = open();
    link.begin('t');
    await publish(link, 'out');
    proxy.cutBefore(() => true);
    const error = await done((resolve) => link.end('COMMIT', 't', resolve));
    expect(error).toMatchObject({ code: 'ERR_COMMIT_UNKNOWN', closure: 'brokerUnavailable' });
  });
});
