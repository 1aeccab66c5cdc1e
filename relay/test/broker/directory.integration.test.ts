import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import type { Mailroom } from '../support/mailroom.js';
import { unique } from '../support/relay.js';
import { numbered, UnreadClient } from '../support/unread.js';
import { World } from '../support/world.js';

// No relay outlives its test: it must be known which one has the directory.
const world = new World();
let service: Service;
let mailroom: Mailroom;

beforeAll(async () => {
  service = await world.service();
  mailroom = await world.mailroom();
});

afterAll(() => world.close());

/** Users enough that every queue of the directory has some. */
const users = () => Array.from({ length: 20 }, () => unique('alice'));

it('counts a user’s 300 destinations, each of them right', async () => {
  const relay = await world.relay();
  const user = unique('alice');
  const rests = numbered(300, 'topic.t');
  for (const [i, rest] of rests.entries()) await service.allToUser(user, rest, numbered(1 + (i % 3)));
  await mailroom.passed(user);
  const client = await UnreadClient.of(relay, user);
  const expected = rests.map((rest, i) => [`/${rest.replace('.', '/')}`, 1 + (i % 3)]);
  for (const rest of rests) await mailroom.passed(user, rest);
  expect(await client.counts()).toEqual(Object.fromEntries(expected));
  expect(await client.clear()).toBe(600);
  expect(await client.counts()).toEqual({});
  expect(await mailroom.entries(user)).toEqual([]);
  await relay.close();
});

it.each(['dies', 'leaves'])('keeps its entries when the relay that has it %s', async (how) => {
  const { relay: first, die } = await world.mortalRelay();
  const second = await world.relay();
  const all = users();
  for (const user of all) {
    await service.allToUser(user, 'topic.reply', numbered(2));
    await service.allToUser(user, 'queue.other', ['x']);
  }
  for (const user of all) await mailroom.holds(user, 1, 'queue.other');
  // One that is gone must not come back, either.
  const removed = all[0] as string;
  await (await UnreadClient.of(second, removed)).clear();
  await mailroom.gone(removed);
  if (how === 'dies') die();
  else await first.close();
  for (const user of all.slice(1)) {
    const client = await UnreadClient.of(second, user);
    expect(await client.counts()).toEqual({ '/topic/reply': 2, '/queue/other': 1 });
  }
  expect(await mailroom.entries(removed)).toEqual([]);
  // Entries go on being made and removed by the one that has it now.
  const user = all[1] as string;
  const client = await UnreadClient.of(second, user);
  await service.allToUser(user, 'topic.new', ['y']);
  await client.waiting(1, '/topic/new');
  expect(await client.clear()).toBe(4);
  await mailroom.gone(user, 'topic.new');
  expect(await mailroom.entries(user)).toEqual([]);
  if (how === 'dies') await first.close();
  await second.close();
});

it('has one entry for a mailbox that is made anew many times', async () => {
  const relay = await world.relay();
  const user = unique('alice');
  const client = await UnreadClient.of(relay, user);
  for (let i = 0; i < 20; i++) {
    await service.allToUser(user, 'topic.reply', [String(i)]);
    await client.waiting(1);
    expect(await mailroom.entries(user)).toEqual(['topic.reply']);
    await client.readAll();
    await mailroom.gone(user);
  }
  await relay.close();
});
