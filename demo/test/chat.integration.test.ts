import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestRelay, unique } from '../../relay/test/support/relay.js';
import { UnreadClient } from '../../relay/test/support/unread.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { World } from '../../relay/test/support/world.js';
import {
  type Centre,
  type ChatLine,
  type ChatView,
  listen,
  type Person,
  roomTopic,
  roomTypingTopic,
} from '../contract.js';
import { LINES_KEPT } from '../services/chat/store.js';
import { answerTo } from '../services/support/answers.js';
import { Customer } from './support/customer.js';
import { Shop } from './support/shop.js';

const world = new World();
let relay: TestRelay;

beforeAll(async () => {
  relay = await world.relay();
  await world.keep(Shop.open());
});
afterAll(() => world.close());

async function customer(name = unique('alice')): Promise<Customer> {
  const one = await Customer.at(relay, name);
  await one.listen(listen.chat);
  await one.ask('chat', {});
  return one;
}

/** What stands in conversations, rooms left out: all tests talk in those. */
async function direct(one: Customer): Promise<ChatLine[]> {
  const { lines, rooms } = await one.ask<ChatView>('chat', {});
  return lines.filter(({ to }) => !rooms.includes(to));
}

it('carries a line to both people, in the name that the relay has verified', async () => {
  const alice = await customer();
  const tab = await customer(alice.name);
  const bob = await customer(unique('bob@example.com'));
  const line = await alice.ask<ChatLine>('write', {
    to: bob.name,
    text: ' Hello – 你好 👋\nbob ',
    from: 'carol',
  });
  expect(line).toMatchObject({ from: alice.name, to: bob.name, text: 'Hello – 你好 👋\nbob' });
  for (const one of [alice, tab, bob]) expect(await one.hears<ChatLine>(listen.chat)).toEqual(line);

  const answer = await bob.ask<ChatLine>('write', { to: alice.name, text: 'hi' });
  for (const one of [alice, bob]) {
    expect(await direct(one)).toEqual([line, answer]);
  }
  expect(await direct(await customer(unique('carol')))).toEqual([]);
});

it('keeps a line for whoever is away, with a notice in their mailbox', async () => {
  const bob = await customer(unique('bob'));
  await bob.leave();
  const alice = await Customer.at(relay, unique('alice'));
  const line = await alice.ask<ChatLine>('write', { to: bob.name, text: 'are you there?' });

  const unread = await UnreadClient.of(relay, bob.name);
  const pulled = async (destination: string) =>
    waitFor(async () => (await unread.pull(10, destination)).messages[0], {
      what: `unread mail at ${destination}`,
      timeout: 30_000,
    });
  expect(JSON.parse((await pulled('/topic/chat')).body).content).toEqual(line);
  const notice = JSON.parse((await pulled('/topic/notifications')).body).content;
  const about = { type: 'person', id: alice.name };
  expect(notice).toMatchObject({ kind: 'mailbox', from: alice.name, text: 'are you there?', about });
  const back = await Customer.at(relay, bob.name);
  expect((await back.ask<Centre>('centre', {})).notices).toEqual([notice]);
  // One's own copy is for tabs that listen; it was on its way before the notice, and nothing waits for the writer.
  expect((await (await UnreadClient.of(relay, alice.name)).pull(10, '/topic/chat')).messages).toEqual([]);
});

it('tells everybody in a room', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  await bob.listen(roomTopic('lobby'));
  const line = await alice.ask<ChatLine>('say', { room: 'lobby', text: unique('hello') });
  expect(line).toMatchObject({ from: alice.name, to: 'lobby' });
  expect(await bob.hears<ChatLine>(roomTopic('lobby'))).toEqual(line);
  expect((await bob.ask<ChatView>('chat', {})).lines).toContainEqual(line);
});

it('tells when somebody new comes, once', async () => {
  const alice = await customer();
  await alice.listen(listen.people);
  const bob = await customer(unique('bob'));
  await bob.ask('chat', {});
  const carol = await customer(unique('carol'));
  await alice.hears<Person>(listen.people, ({ user }) => user === carol.name);
  expect(alice.heard<Person>(listen.people)).toEqual([{ user: bob.name }, { user: carol.name }]);
  const { people } = await alice.ask<ChatView>('chat', {});
  expect(people).toContainEqual({ user: bob.name });
  expect(new Set(people.map(({ user }) => user)).size).toBe(people.length);
});

it.each([
  ['a letter to nobody', 'write', { to: 'nobody-of-that-name', text: 'hello' }, 404],
  ['an empty one', 'write', { to: 'bob', text: '  ' }, 400],
  ['a book', 'write', { to: 'bob', text: 'x'.repeat(2001) }, 400],
  // A database may end a text at this character, and take the rest for somebody else's name.
  ['a name with a NUL', 'write', { to: 'bob\0', text: 'hello' }, 400],
  ['one without a text', 'write', { to: 'bob' }, 400],
  ['a room that is not there', 'say', { room: 'cellar', text: 'hello' }, 400],
] as const)('refuses %s', async (_, what, content, status) => {
  const alice = await customer();
  expect(await alice.refusal(what, content)).toBe(status);
});

it('refuses letters to oneself', async () => {
  const alice = await customer();
  expect(await alice.refusal('write', { to: alice.name, text: 'dear me' })).toBe(400);
});

it('keeps the last lines of each conversation', async () => {
  const alice = await customer();
  const bob = await customer(unique('bob'));
  const ids = Array.from({ length: LINES_KEPT + 2 }, (_, index) =>
    alice.send('/app/chat.write', { to: bob.name, text: `line ${index}` }),
  );
  await Promise.all(ids.map((id) => alice.answer(id)));
  expect((await direct(bob)).map(({ text }) => text)).toEqual(
    Array.from({ length: LINES_KEPT }, (_, index) => `line ${index + 2}`),
  );
});

it('has a shop that types and then answers who writes to it', async () => {
  const alice = await customer();
  await alice.listen(listen.typing);
  await alice.ask('write', { to: 'shop', text: 'What does a lamp cost?' });
  const answer = await alice.hears<ChatLine>(listen.chat, ({ from }) => from === 'shop');
  expect(answer).toMatchObject({ to: alice.name, text: expect.stringContaining('5 % off') });
  const [typing] = alice.stomp.messages(listen.typing);
  expect(typing?.headers['relay-user']).toBe('shop');
  expect(JSON.parse(typing?.body.toString() ?? '')).toMatchObject({ content: { typing: true } });
});

it('has a shop that answers in the help room, and only there, and not itself', async () => {
  const alice = await customer();
  for (const room of ['lobby', 'help']) await alice.listen(roomTopic(room));
  await alice.listen(roomTypingTopic('help'));
  await alice.ask('say', { room: 'lobby', text: 'hello' });
  await alice.ask('say', { room: 'help', text: 'thanks' });
  await alice.hears<ChatLine>(roomTopic('help'), ({ from }) => from === 'shop');
  expect(alice.stomp.messages(roomTypingTopic('help'))).toHaveLength(1);
  // Were it to answer itself, it would be busy with that.
  await alice.ask('say', { room: 'help', text: 'hello' });
  await alice.hears<ChatLine>(
    roomTopic('help'),
    ({ from, text }) => from === 'shop' && text === answerTo('hello'),
  );
  const said = alice.heard<ChatLine>(roomTopic('help')).map(({ from }) => from);
  expect(said).toEqual([alice.name, 'shop', alice.name, 'shop']);
  expect(alice.heard<ChatLine>(roomTopic('lobby')).map(({ from }) => from)).toEqual([alice.name]);
});
