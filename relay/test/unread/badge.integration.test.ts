import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { Mailroom } from '../support/mailroom.js';
import { CuttingProxy } from '../support/proxy.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

const BADGE = '/user/relay.unread';

let one: TestRelay;
let two: TestRelay;
/** Its leases are short. */
let hasty: TestRelay;
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  [one, two, hasty, service, mailroom] = await Promise.all([
    startRelay(),
    startRelay(),
    startRelay({ RELAY_LEASE_TIME: '1000' }),
    Service.open(),
    Mailroom.open(),
  ]);
});

afterAll(async () => {
  await Promise.all([one, two, hasty, service, mailroom].map((part) => part?.close()));
});

/** What a tab shows: the last count of each destination. */
class Tab {
  private constructor(private readonly client: RawClient) {}

  static async open(relay: TestRelay, user: string): Promise<Tab> {
    const client = await relay.connected(user);
    await client.subscribed('badge', BADGE);
    return new Tab(client);
  }

  get shown(): Record<string, number> {
    const told = this.client
      .bodies()
      .map((body) => JSON.parse(body) as { destination: string; count: number });
    return Object.fromEntries(told.map(({ destination, count }) => [destination, count]));
  }

  get changes(): number {
    return this.client.messages().length;
  }

  async shows(count: number, destination = '/topic/reply'): Promise<void> {
    await waitFor(() => this.shown[destination] === count, {
      what: () => `${count} at ${destination}; the badge says ${JSON.stringify(this.shown)}`,
    });
  }

  get frame() {
    return this.client.messages().at(-1);
  }
}

const twoPlaces: [string, () => [TestRelay, TestRelay]][] = [
  ['at one relay', () => [one, one]],
  ['at two relays', () => [one, two]],
];

describe.each(twoPlaces)('two tabs %s', (_where, places) => {
  it('show what there is when they come, and every change after it', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(3));
    await service.allToUser(user, 'queue.deep.er', ['x']);
    await mailroom.holds(user, 3);
    await mailroom.holds(user, 1, 'queue.deep.er');
    const tabs = await Promise.all(places().map((relay) => Tab.open(relay, user)));
    for (const tab of tabs) {
      await tab.shows(3);
      await tab.shows(1, '/queue/deep.er');
    }
    expect(tabs[0]?.frame?.headers).toMatchObject({ destination: BADGE, 'content-type': 'application/json' });
    await service.allToUser(user, 'topic.reply', ['one more']);
    await service.allToUser(user, 'topic.new', ['first']);
    for (const tab of tabs) {
      await tab.shows(4);
      await tab.shows(1, '/topic/new');
    }
  });

  it('one pulls and acknowledges, and the other’s badge goes to 0', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(7));
    await mailroom.holds(user, 7);
    const tabs = await Promise.all(places().map((relay) => Tab.open(relay, user)));
    for (const tab of tabs) await tab.shows(7);
    const reader = await UnreadClient.of(places()[0], user);
    const { lease } = await reader.pull(5);
    for (const tab of tabs) await tab.shows(2);
    await reader.ack(lease);
    await reader.ack((await reader.pull()).lease);
    for (const tab of tabs) await tab.shows(0);
    await mailroom.gone(user);
  });

  it('all is marked as read, leased messages too, and both badges go to 0', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(5));
    await service.allToUser(user, 'topic.other', numbered(2));
    await mailroom.holds(user, 5);
    await mailroom.holds(user, 2, 'topic.other');
    const tabs = await Promise.all(places().map((relay) => Tab.open(relay, user)));
    const reader = await UnreadClient.of(places()[1], user);
    await reader.pull(3);
    for (const tab of tabs) await tab.shows(2);
    await reader.clear();
    for (const tab of tabs) {
      await tab.shows(0);
      await tab.shows(0, '/topic/other');
    }
  });

  it('a lease that ends is counted again', async () => {
    const user = unique('alice');
    await service.allToUser(user, 'topic.reply', numbered(5));
    await mailroom.holds(user, 5);
    const tabs = await Promise.all(places().map((relay) => Tab.open(relay, user)));
    for (const tab of tabs) await tab.shows(5);
    await (await UnreadClient.of(hasty, user)).pull();
    for (const tab of tabs) await tab.shows(0);
    for (const tab of tabs) await tab.shows(5);
  });
});

describe('the badge', () => {
  it('is told at most four times a second while 1,000 messages are stored', async () => {
    const user = unique('alice');
    const tab = await Tab.open(one, user);
    const before = Date.now();
    for (let i = 0; i < 100; i++) await service.allToUser(user, 'topic.reply', numbered(10));
    await tab.shows(1000);
    const seconds = (Date.now() - before) / 1000;
    expect(tab.changes).toBeLessThanOrEqual(1 + Math.ceil(seconds * 4));
    expect(tab.changes).toBeGreaterThan(0);
  });

  it('is for the user alone', async () => {
    const [alice, bob] = [unique('alice'), unique('bob')];
    const [hers, his] = [await Tab.open(one, alice), await Tab.open(one, bob)];
    await service.allToUser(alice, 'topic.reply', ['for alice']);
    await hers.shows(1);
    await service.allToUser(bob, 'topic.reply', numbered(2));
    await his.shows(2);
    expect([hers.shown, his.shown]).toEqual([{ '/topic/reply': 1 }, { '/topic/reply': 2 }]);
  });

  it('is right again after its relay had lost the broker', async () => {
    const user = unique('alice');
    const proxy = await CuttingProxy.open(broker().amqpUrl);
    const relay = await startRelay({ RABBITMQ_URL: proxy.url });
    try {
      const tab = await Tab.open(relay, user);
      await service.allToUser(user, 'topic.reply', numbered(2));
      await tab.shows(2);
      proxy.fail();
      await service.allToUser(user, 'topic.reply', numbered(3));
      await mailroom.holds(user, 5);
      proxy.restore();
      await tab.shows(5);
      // And it hears of changes again.
      await service.allToUser(user, 'topic.reply', ['later']);
      await tab.shows(6);
    } finally {
      await relay.close();
      await proxy.close();
    }
  });

  it('ends with UNSUBSCRIBE', async () => {
    const user = unique('alice');
    const client = await one.connected(user);
    await client.subscribed('badge', BADGE);
    await client.subscribed('witness', BADGE);
    client.send('UNSUBSCRIBE', { id: 'badge', receipt: 'r' });
    await client.receipt('r');
    await service.allToUser(user, 'topic.reply', ['x']);
    await client.frame(({ headers }) => headers.subscription === 'witness', 'the witness');
    expect(client.messages().map(({ headers }) => headers.subscription)).toEqual(['witness']);
  });
});
