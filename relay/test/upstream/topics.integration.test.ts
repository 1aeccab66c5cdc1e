import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Outgoing } from '../../src/outbound/outgoing.js';
import { FrameDecoder } from '../../src/stomp/decoder.js';
import { header, type StompVersion } from '../../src/stomp/frame.js';
import { TopicHub, type TopicTaker } from '../../src/upstream/topics.js';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { linkOptions } from '../support/links.js';
import { CuttingProxy } from '../support/proxy.js';
import { unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';

/** A client's subscription that keeps what it gets. */
class Taker implements TopicTaker {
  readonly frames: Outgoing[] = [];
  readonly replies: (string | undefined)[] = [];

  constructor(
    readonly subscriptionId: string,
    readonly version: StompVersion = '1.2',
  ) {}

  deliverShared(frame: Outgoing, replyTo: string | undefined): void {
    this.frames.push(frame);
    this.replies.push(replyTo);
  }

  get bodies(): string[] {
    return this.decoded.map(({ body }) => body.toString());
  }

  get decoded() {
    return this.frames.map(({ bytes }) => {
      const found: { headers: string[]; body: Buffer }[] = [];
      const decoder = new FrameDecoder({ onFrame: (frame) => found.push(frame) }, { side: 'client' });
      decoder.push(bytes);
      return found[0] ?? { headers: [], body: Buffer.alloc(0) };
    });
  }

  async message(body: string): Promise<void> {
    await waitFor(() => this.bodies.includes(body), { what: () => `${body}; have ${this.bodies}` });
  }
}

let proxy: CuttingProxy;
let service: Service;
let hub: TopicHub;
let key: string;

beforeEach(async () => {
  proxy = await CuttingProxy.open(broker().webStompUrl);
  service = await Service.open();
  key = unique('topics');
  hub = new TopicHub(linkOptions(proxy.url), 10);
  hub.open();
  await waitFor(() => hub.ready, { what: 'the link' });
});
afterEach(async () => {
  hub.close();
  await service.close();
  await proxy.close();
});

const destination = () => `/topic/${key}`;

/** Has the promise resolved, now that everything that was on its way has been handled? */
async function settledBy(promise: Promise<unknown>, event: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await event;
  return done;
}

it('has one subscription at the broker for however many clients, and none when the last is gone', async () => {
  const takers = [new Taker('a'), new Taker('a'), new Taker('b'), new Taker('a', '1.1')];
  await Promise.all(takers.map((taker) => hub.subscribe(destination(), taker)));
  expect(hub.feedCount).toBe(1);
  await service.toTopic(key, 'one');
  await Promise.all(takers.map((taker) => taker.message('one')));
  expect(takers[0]?.frames[0]).toBe(takers[1]?.frames[0]);
  expect(new Set(takers.map(({ frames }) => frames[0])).size).toBe(3);
  for (const taker of takers) hub.unsubscribe(destination(), taker);
  expect(hub.feedCount).toBe(0);
  const later = new Taker('later');
  await hub.subscribe(destination(), later);
  await service.toTopic(key, 'two');
  await later.message('two');
  expect(takers.map(({ bodies }) => bodies)).toEqual(Array(4).fill(['one']));
});

it('resolves a SUBSCRIBE when no later message can be missed', async () => {
  for (let i = 0; i < 20; i++) {
    const taker = new Taker(`s${i}`);
    await hub.subscribe(`${destination()}.${i}`, taker);
    await service.toTopic(`${key}.${i}`, String(i));
    await taker.message(String(i));
  }
});

it('serves wildcards with the destination of the message', async () => {
  const taker = new Taker('w');
  await hub.subscribe(`${destination()}.*`, taker);
  await service.toTopic(`${key}.one`, 'one');
  await taker.message('one');
  expect(header(taker.decoded[0]?.headers ?? [], 'destination')).toBe(`${destination()}.one`);
});

it('acknowledges, so that the prefetch never ends the flow', async () => {
  const taker = new Taker('a');
  await hub.subscribe(destination(), taker);
  for (let i = 0; i < 200; i++) service.post('amq.topic', key, String(i));
  await taker.message('199');
  expect(taker.bodies).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
});

it('goes on for the others when one ends in the middle of a message', async () => {
  const quitter = new (class extends Taker {
    override deliverShared(frame: Outgoing, replyTo: string | undefined): void {
      super.deliverShared(frame, replyTo);
      hub.unsubscribe(destination(), this);
    }
  })('a');
  const takers = [new Taker('a'), quitter, new Taker('a')];
  for (const taker of takers) await hub.subscribe(destination(), taker);
  await service.toTopic(key, 'one');
  await service.toTopic(key, 'two');
  await takers[0]?.message('two');
  expect(takers.map(({ bodies }) => bodies)).toEqual([['one', 'two'], ['one'], ['one', 'two']]);
});

it('keeps one client’s trouble from the others', async () => {
  const broken = new (class extends Taker {
    override deliverShared(): void {
      throw new Error('broken');
    }
  })('a');
  const fine = new Taker('b');
  await hub.subscribe(destination(), broken);
  await hub.subscribe(destination(), fine);
  await service.toTopic(key, 'one');
  await fine.message('one');
  expect(proxy.passed).toBe(1);
});

it('subscribes again after a cut, without a client doing anything', async () => {
  const takers = [new Taker('a'), new Taker('b')];
  await hub.subscribe(destination(), takers[0] as Taker);
  await hub.subscribe(`${destination()}.#`, takers[1] as Taker);
  await service.toTopic(key, 'before');
  await Promise.all(takers.map((taker) => taker.message('before')));
  proxy.cut();
  await waitFor(() => !hub.ready, { what: 'the loss' });
  await waitFor(() => hub.ready, { what: 'the link' });
  // Subscriptions are answered in order: when this one is there, so are those before it.
  await hub.subscribe(`${destination()}.probe`, new Taker('probe'));
  await service.toTopic(key, 'after');
  await Promise.all(takers.map((taker) => taker.message('after')));
  expect(takers.map(({ bodies }) => bodies)).toEqual(Array(2).fill(['before', 'after']));
});

it('takes SUBSCRIBE and UNSUBSCRIBE while the broker is away', async () => {
  const [stays, goes, comes] = [new Taker('stays'), new Taker('goes'), new Taker('comes')];
  await hub.subscribe(destination(), stays);
  await hub.subscribe(`${destination()}.x`, goes);
  proxy.fail();
  await waitFor(() => !hub.ready, { what: 'the loss' });
  hub.unsubscribe(`${destination()}.x`, goes);
  const subscribed = hub.subscribe(`${destination()}.y`, comes);
  expect(
    await settledBy(
      subscribed,
      waitFor(() => proxy.refused, { what: 'an attempt' }),
    ),
  ).toBe(false);
  proxy.restore();
  await subscribed;
  expect(hub.feedCount).toBe(2);
  for (const name of [key, `${key}.x`, `${key}.y`]) await service.toTopic(name, name);
  await comes.message(`${key}.y`);
  await stays.message(key);
  expect(goes.bodies).toEqual([]);
});

it('does not confirm a SUBSCRIBE to a known topic while the broker is away: messages would be missed', async () => {
  await hub.subscribe(destination(), new Taker('a'));
  proxy.fail();
  await waitFor(() => !hub.ready, { what: 'the loss' });
  const subscribed = hub.subscribe(destination(), new Taker('b'));
  expect(
    await settledBy(
      subscribed,
      waitFor(() => proxy.refused, { what: 'an attempt' }),
    ),
  ).toBe(false);
  proxy.restore();
  await subscribed;
});

it('lets go of whoever waits for a subscription that was ended again', async () => {
  const taker = new Taker('a');
  const subscribed = hub.subscribe(destination(), taker);
  hub.unsubscribe(destination(), taker);
  const later = hub.subscribe(`${destination()}.later`, new Taker('later'));
  expect(await settledBy(subscribed, later)).toBe(true);
});

it('does not take it for an error of the link when a busy topic is given up', async () => {
  let posting = true;
  const flood = (async () => {
    while (posting) {
      for (let i = 0; i < 100; i++) service.post('amq.topic', key, 'x');
      await service.settled();
    }
  })();
  try {
    for (let round = 0; round < 20; round++) {
      const taker = new Taker('busy');
      await hub.subscribe(destination(), taker);
      await waitFor(() => taker.frames.length > 0, { what: 'a message' });
      hub.unsubscribe(destination(), taker);
    }
  } finally {
    posting = false;
    await flood;
  }
  const taker = new Taker('after');
  await hub.subscribe(destination(), taker);
  await service.toTopic(key, 'after');
  await taker.message('after');
  expect(proxy.passed).toBe(1);
});

it('does not let those who subscribe and unsubscribe without end hold up what others get', async () => {
  const taker = new Taker('steady');
  await hub.subscribe(destination(), taker);
  const { session } = hub.state;
  const churning = Array.from({ length: 500 }, (_, i) => [`${key}.${i}`, new Taker(`c${i}`)] as const);
  let confirmed = 0;
  const asked = churning.map(async ([name, each]) => {
    await hub.subscribe(`/topic/${name}`, each);
    confirmed++;
    // Messages that cross the end of a subscription are none of the link's business.
    for (let n = 0; n < 5; n++) service.post('amq.topic', name, String(n));
    hub.unsubscribe(`/topic/${name}`, each);
  });
  // The broker is at work on them, in the order of the connection, when this comes behind.
  await asked[0];
  await service.toTopic(key, 'through');
  await taker.message('through');
  expect(confirmed).toBeLessThan(churning.length / 2);
  await Promise.all(asked);
  await service.settled();
  // All room is there again.
  for (let i = 0; i < 40; i++) await hub.subscribe(`${destination()}.again.${i}`, new Taker('again'));
  await service.toTopic(key, 'and on');
  await taker.message('and on');
  expect(hub.state.session).toBe(session);
});
