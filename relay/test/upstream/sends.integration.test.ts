import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import type { RelayError } from '../../src/errors.js';
import { type SendLimits, SendLink } from '../../src/upstream/sends.js';
import { Service, type Tap } from '../support/amqp.js';
import { linkOptions } from '../support/links.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

let proxy: CuttingProxy;
let service: Service;
let link: SendLink;
let topic: string;
let tap: Tap;

function open(limits: Partial<SendLimits> = {}, options = linkOptions(proxy.url)): void {
  link = new SendLink(options, { timeout: 60_000, highWater: 1 << 20, ...limits });
  link.open();
}

const ready = () => waitFor(() => link.ready, { what: 'the link' });
const target = () => ['destination', `/topic/${topic}`];

/** Sends with a receipt; resolves with the error, if any. */
function send(body: string): Promise<RelayError | undefined> {
  return new Promise((resolve) => link.send(target(), Buffer.from(body), resolve));
}

beforeEach(async () => {
  proxy = await CuttingProxy.open(inject('broker').webStompUrl);
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
