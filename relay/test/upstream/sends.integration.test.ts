import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noAlarm } from '../../src/broker/alarm.js';
import type { RelayError } from '../../src/errors.js';
import { type SendLimits, SendLink, type SendPatience } from '../../src/upstream/sends.js';
import { Service, type Tap } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { linkOptions } from '../support/links.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let proxy: CuttingProxy;
let service: Service;
let link: SendLink;
let topic: string;
let tap: Tap;

function open(
  limits: Partial<SendLimits> = {},
  options = linkOptions(proxy.url),
  times: Partial<SendPatience> = {},
): void {
  const all = { timeout: 60_000, highWater: 1 << 20, alarm: noAlarm, ...limits };
  link = new SendLink(options, all, { stalled: 10_000, stalledAtFirst: 10_000, fresh: 10_000, ...times });
  link.open();
}

const ready = () => waitFor(() => link.ready, { what: 'the link' });
const target = () => ['destination', `/topic/${topic}`];

/** Sends with a receipt; resolves with the error, if any. */
function send(body: string): Promise<RelayError | undefined> {
  return new Promise((resolve) => link.send(target(), Buffer.from(body), resolve));
}

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().webStompUrl);
  service = await Service.open();
  topic = unique('sends');
  tap = await service.tap('amq.topic', topic);
});
afterEach(async () => {
  link.close();
  await service.close();
  await proxy.close();
});

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i));

it('confirms what the broker has', async () => {
  open();
  await ready();
  expect(await Promise.all(numbers(50).map(send))).toEqual(Array(50).fill(undefined));
  await tap.message('49');
  expect(tap.bodies()).toEqual(numbers(50));
});

it('sends again, in order, what was not confirmed when the link was cut: none is lost', async () => {
  open();
  await ready();
  const done: Promise<RelayError | undefined>[] = [];
  // Cut in the middle, by bytes on the wire: some are confirmed, some on their way, some not even written.
  let passed = 0;
  proxy.cutBefore((bytes) => {
    passed += bytes.length;
    return passed > 15_000;
  });
  for (let i = 0; i < 300; i++) {
    done.push(send(`number ${i}`));
    if (i % 10 === 9) await new Promise(setImmediate);
  }
  expect(new Set(await Promise.all(done))).toEqual(new Set([undefined]));
  expect(proxy.passed).toBe(2);
  await tap.message('number 299');
  // At least once: a message may come again, but never for the first time behind a later one.
  const first = [...new Set(tap.bodies())];
  expect(first).toEqual(Array.from({ length: 300 }, (_, i) => `number ${i}`));
});

it('keeps what it is given before the link is up', async () => {
  proxy.fail();
  open();
  const confirmed = send('with');
  link.send(target(), Buffer.from('without'));
  proxy.restore();
  expect(await confirmed).toBeUndefined();
  await tap.message('without');
});

it('keeps the order of SENDs with and without receipt over an outage', async () => {
  proxy.fail();
  open();
  const confirmed: Promise<unknown>[] = [];
  for (const body of numbers(20)) {
    if (Number(body) % 3 === 1) confirmed.push(send(body));
    else link.send(target(), Buffer.from(body));
  }
  proxy.restore();
  await Promise.all(confirmed);
  await tap.message('19');
  expect(tap.bodies()).toEqual(numbers(20));
});

it('refuses what is not confirmed in time, and sends it no more', async () => {
  proxy.fail();
  open({ timeout: 300 });
  const error = await send('late');
  expect([error?.code, error?.closure]).toEqual(['ERR_SEND_TIMEOUT', 'brokerUnavailable']);
  proxy.restore();
  await ready();
  expect(await send('after')).toBeUndefined();
  // The broker confirms it when it is in the queue; to be handed out comes after.
  await tap.message('after');
  expect(tap.bodies()).toEqual(['after']);
});

it('gives up a message that ends the link each time, and only that one', async () => {
  open();
  await ready();
  const poison = new Promise<RelayError | undefined>((resolve) =>
    link.send(['destination', '/nonsense/x'], Buffer.from('poison'), resolve),
  );
  const innocent = send('innocent');
  expect((await poison)?.code).toBe('ERR_BROKER_REFUSED');
  expect(await innocent).toBeUndefined();
});

/** One that the broker ends the connection for. */
function poison(body = 'poison'): Promise<RelayError | undefined> {
  return new Promise((resolve) => link.send(['destination', '/nonsense/x'], Buffer.from(body), resolve));
}

it('refuses one poisonous message among many innocent ones alone, and keeps their order', async () => {
  open();
  await ready();
  const innocent: Promise<RelayError | undefined>[] = [];
  let guilty: Promise<RelayError | undefined> | undefined;
  for (const body of numbers(60)) {
    innocent.push(send(body));
    if (body === '29') guilty = poison();
  }
  expect((await guilty)?.code).toBe('ERR_BROKER_REFUSED');
  expect(await Promise.all(innocent)).toEqual(Array(60).fill(undefined));
  await tap.message('59');
  expect([...new Set(tap.bodies())]).toEqual(numbers(60));
  // And from then on they go side by side again.
  expect(await Promise.all(numbers(60).map(send))).toEqual(Array(60).fill(undefined));
});

it('finds several poisonous ones', async () => {
  open();
  await ready();
  const all = numbers(20).map((body) => (Number(body) % 5 === 2 ? poison(body) : send(body)));
  const codes = (await Promise.all(all)).map((error) => error?.code);
  expect(codes).toEqual(
    numbers(20).map((body) => (Number(body) % 5 === 2 ? 'ERR_BROKER_REFUSED' : undefined)),
  );
});

it('does not blame the only one that waits for a confirmation for one that does not', async () => {
  open({}, linkOptions(proxy.url), { fresh: 0 });
  await ready();
  link.send(['destination', '/nonsense/x'], Buffer.from('poison'));
  expect(await send('innocent')).toBeUndefined();
  // Its RECEIPT may come together with the ERROR, before the link has been made again.
  await waitFor(() => proxy.passed === 2, { what: 'the link to be made a second time' });
});

it('goes on after a search for a poisonous one that nobody waits for any more', async () => {
  open({ timeout: 1000 });
  await ready();
  proxy.refuse();
  expect((await poison())?.code).toBe('ERR_SEND_TIMEOUT');
  proxy.restore();
  await ready();
  expect(await Promise.all([send('after'), send('and after')])).toEqual([undefined, undefined]);
});

it('sends again over another connection what is not confirmed for too long: Web-STOMP does not say what is refused', async () => {
  open({}, linkOptions(proxy.url), { stalledAtFirst: 300 });
  await ready();
  proxy.silence();
  expect(await send('unheard')).toBeUndefined();
  expect(proxy.passed).toBe(2);
  await waitFor(() => tap.bodies().includes('unheard'), { what: 'the message' });
});

it('sends again ever later what a queue goes on refusing', async () => {
  const full = unique('full');
  const refusing = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  await service.channel.assertQueue(full, { exclusive: true, arguments: refusing });
  await service.channel.bindQueue(full, 'amq.topic', topic);
  // Links that end sooner than after 3 s come back later and later by themselves.
  open({ timeout: 12_000 }, linkOptions(proxy.url), { stalled: 3100 });
  await ready();
  expect(await send('fits')).toBeUndefined();
  expect((await send('does not'))?.code).toBe('ERR_SEND_TIMEOUT');
  // After 3 s and after 9, and not every 3 s.
  expect(proxy.passed).toBeGreaterThan(1);
  expect(proxy.passed).toBeLessThan(4);
});

describe('what nobody asked to have confirmed', () => {
  /** Refuses what comes, which Web-STOMP does not say, until it is emptied. */
  async function refusingQueue(): Promise<string> {
    const queue = unique('refusing');
    const full = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
    await service.channel.assertQueue(queue, { exclusive: true, arguments: full });
    await service.channel.bindQueue(queue, 'amq.topic', topic);
    service.post('amq.topic', topic, 'in the way');
    await service.settled();
    return queue;
  }

  const arrived = async (queue: string): Promise<string | undefined> => {
    const message = await service.channel.get(queue, { noAck: true });
    return message ? message.content.toString() : undefined;
  };

  it.each(['waited for the link', 'came soon after it'])(
    'is sent until a queue takes it when it %s',
    async (when) => {
      const queue = await refusingQueue();
      proxy.fail();
      open({}, linkOptions(proxy.url), { stalledAtFirst: 500 });
      if (when === 'waited for the link') link.send(target(), Buffer.from('mine'));
      proxy.restore();
      await ready();
      if (when === 'came soon after it') link.send(target(), Buffer.from('mine'));
      await waitFor(() => proxy.passed === 2, { what: 'another connection' });
      expect(await arrived(queue)).toBe('in the way');
      await waitFor(async () => (await arrived(queue)) === 'mine', { what: 'the message' });
      await waitFor(() => link.unconfirmed === 0, { what: 'its confirmation' });
    },
  );

  it('is given up in the end, and holds nobody up', async () => {
    await refusingQueue();
    open({ timeout: 1000, highWater: 1 }, linkOptions(proxy.url), { stalledAtFirst: 300 });
    await ready();
    link.send(target(), Buffer.from('refused'));
    await waitFor(() => link.congested, { what: 'its being kept' });
    await waitFor(() => !link.congested && link.unconfirmed === 0, { what: 'its end' });
  });

  it('has all its time after an outage, however long that is', async () => {
    open({ timeout: 1000 });
    await ready();
    proxy.silence();
    link.send(target(), Buffer.from('unheard'));
    await waitFor(() => tap.bodies().length === 1, { what: 'the broker to have it' });
    proxy.fail();
    await waitFor(() => !link.ready, { what: 'the outage' });
    const refused = await send('refused meanwhile');
    expect(refused?.code).toBe('ERR_SEND_TIMEOUT');
    expect(link.unconfirmed).toBe(1);
    proxy.restore();
    await waitFor(() => tap.bodies().length === 2 && link.unconfirmed === 0, { what: 'the second time' });
    expect(tap.bodies()).toEqual(['unheard', 'unheard']);
  });

  it('is written once, and not kept, over a link that has been up for a while', async () => {
    open({}, linkOptions(proxy.url), { fresh: 0 });
    await ready();
    proxy.silence();
    link.send(target(), Buffer.from('once'));
    expect(link.unconfirmed).toBe(0);
    await tap.message('once');
    proxy.cut();
    await waitFor(() => proxy.passed === 2 && link.ready, { what: 'another connection' });
    expect(await send('after')).toBeUndefined();
    await tap.message('after');
    expect(tap.bodies()).toEqual(['once', 'after']);
  });
});

describe('a fence', () => {
  const fence = () => new Promise<RelayError | undefined>((resolve) => link.fence(resolve));

  it('stands behind everything that was sent, with or without receipt', async () => {
    open();
    await ready();
    const steps: string[] = [];
    void send('with').then(() => steps.push('with'));
    link.send(target(), Buffer.from('without'));
    expect(await fence()).toBeUndefined();
    await tap.message('without');
    expect(tap.bodies()).toEqual(['with', 'without']);
    // Nothing of it is left on the link: the next one is answered too.
    expect(await fence()).toBeUndefined();
    expect(await send('after')).toBeUndefined();
    expect(steps).toEqual(['with']);
    expect(proxy.passed).toBe(1);
  });

  it('waits for a broker that is away, and is refused when it does not come back in time', async () => {
    proxy.fail();
    open({ timeout: 1000 });
    link.send(target(), Buffer.from('without'));
    expect((await fence())?.code).toBe('ERR_SEND_TIMEOUT');
    proxy.restore();
    // The next attempt to connect may come later than one fence waits.
    await waitFor(async () => (await fence()) === undefined, { what: 'a fence behind the broker’s return' });
    await tap.message('without');
  });
});

it('does not take a refused login for the fault of a message', async () => {
  open({}, { ...linkOptions(proxy.url), passcode: 'wrong' });
  const settled: unknown[] = [];
  link.send(target(), Buffer.from('x'), (error) => settled.push(error?.code));
  await waitFor(() => proxy.passed >= 5, { what: 'several refused logins' });
  expect(link.state.refused).toBe(true);
  expect(settled).toEqual([]);
});

it('is congested while much waits', async () => {
  proxy.fail();
  open({ highWater: 10_000 });
  expect(link.congested).toBe(false);
  const confirmed = send('x'.repeat(6000));
  expect(link.congested).toBe(false);
  link.send(target(), Buffer.alloc(6000));
  expect(link.congested).toBe(true);
  proxy.restore();
  await confirmed;
  await waitFor(() => !link.congested, { what: 'the drain' });
});

it('answers what is open when it closes', async () => {
  proxy.fail();
  open();
  const open1 = send('x');
  link.close();
  expect((await open1)?.closure).toBe('goingAway');
});
