import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import type { Mailroom } from '../support/mailroom.js';
import { type TestRelay, unique } from '../support/relay.js';
import { metric, numbered, UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

// No relay outlives its test: it must be known which one's keeper works.
const world = new World();
let service: Service;
let mailroom: Mailroom;
const relays: TestRelay[] = [];
const PREFETCH = 200;

beforeAll(async () => {
  service = await world.service();
  mailroom = await world.mailroom();
});

afterEach(async () => {
  for (const relay of relays.splice(0)) await relay.close();
});

afterAll(() => world.close());

/** The first relay's keeper works, and it can die; the second's waits. */
async function pair(type: string) {
  const env = { RELAY_MAILBOX_TYPE: type, RELAY_INTAKE_PREFETCH: String(PREFETCH) };
  const { relay: active, die } = await world.mortalRelay(env);
  const waiting = await world.relay(env);
  relays.push(active, waiting);
  return { active, waiting, die };
}

const stored = (relay: TestRelay) => metric(relay, 'relay_unread_stored_total');

/** Publishes for ten users in turns, each few confirmed before the next. */
async function publish(users: readonly string[], each: number): Promise<void> {
  for (let i = 0; i < each; i++) {
    for (const user of users) {
      service.post('relay.user', `${user}.topic.reply`, String(i), { persistent: true });
    }
    await service.settled();
  }
}

/** The first of each, in the order of coming: what is left when a client drops duplicates. */
const distinct = (bodies: readonly string[]) => [...new Set(bodies)];

describe.each(['classic', 'quorum'])('mailboxes of type %s: the relay whose keeper works', (type) => {
  it.each(['leaves', 'dies'])(
    '%s while messages come, and another takes over: nothing is lost',
    async (how) => {
      const { active, waiting, die } = await pair(type);
      const users = Array.from({ length: 10 }, () => unique('alice'));
      const each = 300;
      const publishing = publish(users, each);
      await waitFor(async () => (await stored(active)) > 200, { what: 'work of the first keeper' });
      expect(await stored(waiting)).toBe(0);
      if (how === 'dies') die();
      else await active.leave();
      await publishing;
      for (const user of users) await mailroom.passed(user);
      expect(await stored(waiting)).toBeGreaterThan(0);
      let duplicates = 0;
      for (const user of users) {
        const read = await (await UnreadClient.of(waiting, user)).readAll();
        expect(distinct(read)).toEqual(numbered(each));
        duplicates += read.length - each;
        await mailroom.gone(user);
      }
      // What was on its way into a mailbox may come twice when a keeper dies, and never when it leaves.
      expect(duplicates).toBeLessThanOrEqual(how === 'dies' ? PREFETCH : 0);
    },
  );

  it.each(['leaves', 'dies'])('%s while a client elsewhere replays: it gets all, in order', async (how) => {
    const { active, waiting, die } = await pair(type);
    const user = unique('alice');
    const before = 600;
    await service.allToUser(user, 'topic.reply', numbered(before));
    await mailroom.holds(user, before);
    const client = await waiting.stomp(user);
    client.client.subscribe('/user/topic/reply', (message) => message.ack(), {
      id: 's',
      ack: 'client',
      unread: 'replay',
    });
    await waitFor(() => client.messages().length > 0, { what: 'the first message' });
    const publishing = (async () => {
      for (let i = before; i < before + 200; i++) await service.allToUser(user, 'topic.reply', [String(i)]);
    })();
    if (how === 'dies') die();
    else await active.leave();
    await publishing;
    await waitFor(() => new Set(client.messages().map(({ body }) => body.toString())).size >= before + 200, {
      what: () => `all; have ${client.messages().length}, ${client.error()?.headers.message ?? 'no error'}`,
      timeout: 30_000,
    });
    expect(distinct(client.messages().map(({ body }) => body.toString()))).toEqual(numbered(before + 200));
    await mailroom.gone(user);
  });
});
