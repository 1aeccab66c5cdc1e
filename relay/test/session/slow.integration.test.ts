import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { HttpWire } from '../support/sockjs-wire.js';
import { metric } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const KEPT = 5;
const RULES = `
version: 1
rules:
  - subscribe: [/topic/disconnect.#, '/queue/#']
  - subscribe: /topic/latest-only.#
    slow: latest-only
  - subscribe: /topic/drop-oldest.#
    slow: {drop-oldest: ${KEPT}}
`;
const FILLING = 'x'.repeat(50_000);

const world = new World();
let relay: TestRelay;
/** Gives clients a second to take something, and would keep everything for them. */
let hasty: TestRelay;
let service: Service;

beforeAll(async () => {
  const start = (env: Record<string, string>) =>
    world.keep(startRelay({ RELAY_MAX_QUEUED_BYTES: '1048576', ...env }, RULES));
  [relay, hasty, service] = await Promise.all([
    start({}),
    start({ RELAY_CONFIRM_TIMEOUT: '1000', RELAY_MAX_QUEUED_BYTES: '104857600' }),
    world.service(),
  ]);
});
afterAll(() => world.close());

type Message = { headers: Record<string, string>; body: Buffer };

/** A topic of two destinations, numbered messages of which are published in turns. */
class Ticker {
  readonly base: string;
  count = 0;

  constructor(policy: string) {
    this.base = `${policy}.${unique('t')}`;
  }

  get pattern(): string {
    return `/topic/${this.base}.*`;
  }

  async publish(filling = ''): Promise<void> {
    const { count } = this;
    this.count++;
    await service.toTopic(`${this.base}.${count % 2 === 0 ? 'gold' : 'iron'}`, `${count} ${filling}`);
  }

  /** Whether the last message of each destination is among these. */
  isDone(messages: Message[]): boolean {
    const numbers = messages.map(numberOf);
    return [this.count - 1, this.count - 2].every((last) => numbers.includes(last));
  }
}

const numberOf = ({ body }: Message) => Number.parseInt(body.toString('latin1', 0, 10), 10);
const missingIn = (messages: Message[]) =>
  messages.reduce((sum, { headers }) => sum + Number(headers['relay-dropped'] ?? 0), 0);

/** What was not dropped is there once, in order within each destination. */
function expectOrder(messages: Message[]): void {
  for (const parity of [0, 1]) {
    const numbers = messages.map(numberOf).filter((number) => number % 2 === parity);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  }
}

const dropped = (policy: string) => metric(relay, 'relay_dropped_total', policy);

describe('a client that does not read', () => {
  it.each(['drop-oldest', 'latest-only'])(
    'with %s over a WebSocket costs a bounded queue, and goes on with the newest',
    async (policy) => {
      const ticker = new Ticker(policy);
      const before = await dropped(policy);
      const [slow, quick] = [await relay.connected(unique('slow')), await relay.connected(unique('quick'))];
      for (const client of [slow, quick]) await client.subscribed('s', ticker.pattern);
      slow.socket.pause();
      while ((await dropped(policy)) < before + 10) await ticker.publish(FILLING);
      // Its socket has everything before it that the kernels took; behind that a receipt waits in its place.
      slow.send('SUBSCRIBE', { id: 'other', destination: '/topic/disconnect.x', receipt: 'never dropped' });
      await ticker.publish(FILLING);
      await waitFor(() => ticker.isDone(quick.messages()), { what: 'all messages at the one who reads' });
      expect(quick.messages()).toHaveLength(ticker.count);
      expect(missingIn(quick.messages())).toBe(0);

      slow.socket.resume();
      await slow.receipt('never dropped');
      await waitFor(() => ticker.isDone(slow.messages()), { what: 'the newest' });
      const { length } = slow.messages();
      expectOrder(slow.messages());
      expect(missingIn(slow.messages())).toBe(ticker.count - length);
      expect(await dropped(policy)).toBe(before + ticker.count - length);
      expect(slow.closed).toBeUndefined();
    },
  );

  it('with disconnect is closed', async () => {
    const ticker = new Ticker('disconnect');
    const slow = await relay.connected(unique('slow'));
    await slow.subscribed('s', ticker.pattern);
    const closes = () => metric(relay, 'relay_closes_total', 'slowConsumer');
    const before = await closes();
    slow.socket.pause();
    while ((await closes()) === before) await ticker.publish(FILLING);
    slow.socket.resume();
    expect((await slow.over()).code).toBe(1006);
    expect(missingIn(slow.messages())).toBe(0);
  });

  it.each([
    ['drop-oldest', KEPT],
    ['latest-only', 2],
  ])('with %s over xhr-polling gets what is left when it asks again', async (policy, left) => {
    const ticker = new Ticker(policy);
    const before = await dropped(policy);
    const wire = new HttpWire(relay.sockjsUrl, 'xhr-polling');
    const client = await relay.stomp(unique('slow'), { sockjs: wire });
    await client.subscribed(ticker.pattern, { id: 's' });
    wire.holdsBack = true;
    // The request that is still open takes the first of them.
    await ticker.publish();
    await client.message(0);
    for (let i = 0; i < 20; i++) await ticker.publish();
    await waitFor(async () => (await dropped(policy)) >= before + 20 - left, { what: 'the dropping' });
    wire.resume();
    await waitFor(() => ticker.isDone(client.messages()), { what: 'the newest' });
    expectOrder(client.messages());
    expect(client.messages()).toHaveLength(1 + left);
    expect(missingIn(client.messages())).toBe(20 - left);
    client.drop();
  });
});

describe('a private link of a client that does not read', () => {
  it('waits at the broker, and brings everything in order when the client goes on', async () => {
    const queue = unique('q');
    const client = await relay.connected(unique('slow'));
    await client.subscribed('s', `/queue/${queue}`);
    client.socket.pause();
    // Far more than sockets take and the relay may keep.
    const bodies = Array.from({ length: 400 }, (_, i) => `${i} ${FILLING}`);
    for (const body of bodies) service.post('', queue, body);
    await service.settled();
    client.socket.resume();
    await waitFor(() => client.messages().length === bodies.length, {
      what: () => `all messages; have ${client.messages().length}`,
    });
    expect(client.messages().map(numberOf)).toEqual(bodies.map((_, i) => i));
    client.destroy();
    await service.channel.deleteQueue(queue);
  });

  it('is closed with the client when that takes nothing in time', async () => {
    const queue = unique('q');
    const client = await hasty.connected(unique('slow'));
    await client.subscribed('s', `/queue/${queue}`);
    client.socket.pause();
    for (let i = 0; i < 400; i++) service.post('', queue, FILLING);
    await service.settled();
    await waitFor(async () => (await metric(hasty, 'relay_closes_total', 'slowConsumer')) === 1, {
      what: 'the close',
    });
    await service.channel.deleteQueue(queue);
  });
});
