import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { Service } from '../support/amqp.js';
import { Mailroom } from '../support/mailroom.js';
import type { RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import type { ReceivedFrame, StompClient } from '../support/stomp.js';
import { transports } from '../support/transports.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';

const DESTINATION = '/user/topic/reply';
const MAX_UNACKED = 10;

let one: TestRelay;
let two: TestRelay;
/** Lets little wait for an acknowledgement. */
let strict: TestRelay;
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  [one, two, strict, service, mailroom] = await Promise.all([
    startRelay(),
    startRelay(),
    startRelay({ RELAY_MAX_UNACKED: String(MAX_UNACKED) }),
    Service.open(),
    Mailroom.open(),
  ]);
});

afterAll(async () => {
  await Promise.all([one, two, strict, service, mailroom].map((part) => part?.close()));
});

async function withMail(bodies: readonly string[]): Promise<string> {
  const user = unique('alice');
  await service.allToUser(user, 'topic.reply', bodies);
  if (bodies.length > 0) await mailroom.holds(user, bodies.length);
  return user;
}

/** Subscribes with replay and acknowledges whatever comes at once, where the mode wants it. */
function replay(client: StompClient, ack = 'auto', id = 's'): void {
  const acks = ack !== 'auto';
  client.client.subscribe(DESTINATION, (message) => acks && message.ack(), { id, ack, unread: 'replay' });
}

const texts = (messages: readonly ReceivedFrame[]) => messages.map(({ body }) => body.toString());
const unreadFlags = (messages: readonly ReceivedFrame[]) =>
  messages.map(({ headers }) => headers.unread === 'true');

async function waitForBodies(client: StompClient, count: number): Promise<ReceivedFrame[]> {
  await client.received(count);
  return client.messages();
}

/** Publishes `from`, … up to `to`, each confirmed before the next, which follows at once or after `pause` milliseconds. */
async function publishInOrder(user: string, from: number, to: number, pause: number): Promise<void> {
  for (let next = from; next < to; next++) {
    await service.allToUser(user, 'topic.reply', [String(next)]);
    if (pause > 0) await delay(pause);
  }
}

/** Over HTTP a client cannot keep up with as many a second: each step takes it a request. */
const SWIFT = { stored: 1000, most: 3000, pause: 0 };
const PATIENT = { stored: 100, most: 200, pause: 2 };

describe.each(transports)('over %s', (_name, sockjs) => {
  const { stored, most, pause } = sockjs === undefined ? SWIFT : PATIENT;
  beforeAll(() => {
    for (const relay of [one, two, strict]) relay.sockjs = sockjs;
  });

  describe('unread:replay', () => {
    it('delivers the mailbox first, oldest first, marked unread, and then what comes live', async () => {
      const user = await withMail(numbered(300));
      const client = await one.stomp(user);
      await client.subscribed(DESTINATION, { id: 's', unread: 'replay' });
      await waitForBodies(client, 300);
      await mailroom.gone(user);
      await service.allToUser(user, 'topic.reply', ['live']);
      const all = await waitForBodies(client, 301);
      expect(texts(all)).toEqual([...numbered(300), 'live']);
      expect(unreadFlags(all)).toEqual([...numbered(300).map(() => true), false]);
      expect(new Set(all.map(({ headers }) => headers['message-id'])).size).toBe(301);
      expect(all.every(({ headers }) => headers.destination === DESTINATION)).toBe(true);
      expect(await (await UnreadClient.of(two, user)).counts()).toEqual({});
    });

    it.each(['auto', 'client', 'client-individual'])(
      'leaves no gap and keeps the order while a publisher goes on through the SUBSCRIBE, ack:%s',
      async (ack) => {
        const user = await withMail(numbered(stored));
        const client = await one.stomp(user);
        const publishing = publishInOrder(user, stored, most, pause);
        await waitFor(async () => ((await mailroom.state(user))?.messages ?? 0) > stored * 1.1, {
          what: 'more',
        });
        replay(client, ack);
        await publishing;
        const all = await waitForBodies(client, most);
        expect(texts(all)).toEqual(numbered(most));
        const flags = unreadFlags(all);
        const live = flags.indexOf(false);
        expect(live).toBeGreaterThan(stored * 1.1);
        expect(flags.slice(live).includes(true)).toBe(false);
        await mailroom.gone(user);
        expect(await (await UnreadClient.of(one, user)).counts()).toEqual({});
      },
    );

    it('keeps delivering what becomes unread later, when another client dies with it', async () => {
      const user = await withMail([]);
      const holder = await two.stomp(user);
      await holder.subscribed(DESTINATION, { id: 's', ack: 'client-individual' });
      await service.allToUser(user, 'topic.reply', numbered(50));
      await waitForBodies(holder, 50);
      const client = await one.stomp(user);
      await client.subscribed(DESTINATION, { id: 's', unread: 'replay' });
      expect(client.messages()).toEqual([]);
      holder.drop();
      const all = await waitForBodies(client, 50);
      expect([...texts(all)].sort()).toEqual([...numbered(50)].sort());
      expect(unreadFlags(all).every(Boolean)).toBe(true);
      await mailroom.gone(user);
    });

    it('is for one of a user’s tabs each: two of them share the mailbox', async () => {
      const user = await withMail(numbered(stored));
      const tabs = await Promise.all([one.stomp(user), two.stomp(user)]);
      for (const tab of tabs) replay(tab);
      const bodies = () => tabs.flatMap((tab) => texts(tab.messages()));
      await waitFor(() => bodies().length >= stored, { what: () => `all; have ${bodies().length}` });
      await mailroom.gone(user);
      expect(bodies().sort()).toEqual([...numbered(stored)].sort());
    });

    it('ends with the client: what it did not acknowledge is unread again, in order', async () => {
      const user = await withMail(numbered(500));
      const client = await one.stomp(user);
      await client.subscribed(DESTINATION, { id: 's', ack: 'client-individual', unread: 'replay' });
      const got = await waitForBodies(client, 100);
      const acked = got.filter((_, i) => i % 3 === 1);
      for (const message of acked) client.ack(message);
      // Room for as many more is the sign that the acknowledgements were seen.
      await waitForBodies(client, 100 + acked.length);
      client.drop();
      const rest = numbered(500).filter((body) => !texts(acked).includes(body));
      await mailroom.holds(user, rest.length);
      expect(await (await UnreadClient.of(two, user)).readAll(100)).toEqual(rest);
      await mailroom.gone(user);
    });

    it('ends with UNSUBSCRIBE, too, and whoever subscribes next goes on', async () => {
      const user = await withMail(numbered(300));
      const client = await one.stomp(user);
      await client.subscribed(DESTINATION, { id: 'a', ack: 'client', unread: 'replay' });
      const got = await waitForBodies(client, 60);
      client.ack(got[19] as ReceivedFrame, { receipt: 'acked' });
      await client.receipt('acked');
      await client.unsubscribed('a');
      const before = client.messages('a').length;
      replay(client, 'client', 'b');
      await waitFor(() => client.messages('b').length >= 280, { what: 'the others' });
      expect(texts(client.messages('b'))).toEqual(numbered(300).slice(20));
      expect(client.messages('a').length).toBe(before);
      await mailroom.gone(user);
    });

    it('NACK puts a message back, and it comes again', async () => {
      const user = await withMail(['a', 'b']);
      const client = await one.stomp(user);
      await client.subscribed(DESTINATION, { id: 's', ack: 'client-individual', unread: 'replay' });
      const [a, b] = await waitForBodies(client, 2);
      client.ack(a as ReceivedFrame);
      client.nack(b as ReceivedFrame);
      const again = (await waitForBodies(client, 3))[2] as ReceivedFrame;
      expect([again.body.toString(), again.headers.redelivered]).toEqual(['b', 'true']);
      client.ack(again);
      await mailroom.gone(user);
    });

    it('goes on as slowly as the client acknowledges, and never lets more wait than it may', async () => {
      const user = await withMail(numbered(100));
      const client = await strict.stomp(user);
      await client.subscribed(DESTINATION, { id: 's', ack: 'client-individual', unread: 'replay' });
      const waiting: number[] = [];
      for (let i = 0; i < 100; i++) {
        const message = await client.message(i);
        waiting.push(client.messages().length - i);
        client.ack(message);
      }
      expect(Math.max(...waiting)).toBeLessThanOrEqual(MAX_UNACKED);
      expect(texts(client.messages())).toEqual(numbered(100));
      expect(client.closed).toBeUndefined();
      await mailroom.gone(user);
    });

    it('closes a client that falls too far behind what comes live, and nothing of it is lost', async () => {
      const user = await withMail(numbered(100));
      const client = await one.stomp(user);
      // Takes half of what may wait, and acknowledges nothing.
      await client.subscribed(DESTINATION, { id: 's', ack: 'client-individual', unread: 'replay' });
      await waitForBodies(client, 100);
      await service.allToUser(user, 'topic.reply', numbered(600, 'live-'));
      expect((await client.over()).code).toBe(closures.slowConsumer.code);
      await mailroom.holds(user, 700);
      const reader = await UnreadClient.of(two, user);
      expect((await reader.readAll()).sort()).toEqual([...numbered(100), ...numbered(600, 'live-')].sort());
    });
  });
});

describe('unread:replay', () => {
  it('with ack:auto needs the proof of each message: a client that answers no ping leaves all unread', async () => {
    const user = await withMail(numbered(20));
    const client = await one.connected(user, { socket: { autoPong: false } });
    await client.subscribed('s', DESTINATION, { unread: 'replay' });
    await waitFor(() => client.messages().length === 20, { what: 'the messages' });
    expect((await mailroom.state(user))?.messages).toBe(0);
    client.destroy();
    await mailroom.holds(user, 20);
    expect(await (await UnreadClient.of(one, user)).readAll()).toEqual(numbered(20));
  });

  it('is refused for what keeps no mail, and with any other word', async () => {
    const user = unique('alice');
    const refused = async (headers: Record<string, string>): Promise<string> => {
      const client: RawClient = await one.connected(user);
      client.send('SUBSCRIBE', { id: 's', ...headers });
      return (await client.refused()).error.headers.message ?? '';
    };
    expect(await refused({ destination: '/topic/news', unread: 'replay' })).toContain('/user/…');
    expect(await refused({ destination: DESTINATION, unread: 'all' })).toContain('replay');
    expect(await refused({ destination: '/user/relay.unread', unread: 'replay' })).toContain('neither');
  });
});
