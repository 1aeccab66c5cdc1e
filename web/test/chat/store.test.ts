import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, type ChatLine, listen, roomTopic, roomTypingTopic } from '../../../demo/contract.js';
import {
  linesOf,
  markSeen,
  pendingOf,
  people,
  typing,
  unreadByPlace,
  unreadTotal,
} from '../../src/chat/store.js';
import { discard, retry, voice, write } from '../../src/chat/writing.js';
import * as session from '../support/session.js';

vi.mock('../../src/session/index.js', () => import('../support/session.js'));

const bob = { type: 'person', id: 'bob' } as const;
const lobby = { type: 'room', id: 'lobby' } as const;
const line = (id: string, at: number, from = 'bob', to = 'alice', text = `line ${id}`): ChatLine => ({
  id,
  from,
  to,
  text,
  at,
});
const texts = (place: typeof bob | typeof lobby) => linesOf(place).map(({ text }) => text);
const pendingTexts = () => pendingOf(bob).map(({ text, failed }) => [text, failed]);

// What a browser has: the storage, and the event by which another tab tells of a change.
const tabs = new EventTarget();
const stored = new Map<string, string>();
vi.stubGlobal('addEventListener', tabs.addEventListener.bind(tabs));
vi.stubGlobal('removeEventListener', tabs.removeEventListener.bind(tabs));
vi.stubGlobal('localStorage', {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => stored.set(key, value),
});

beforeEach(async () => {
  stored.clear();
  session.signIn('alice');
  await session.question(ask.chat).answer({
    people: [{ user: 'alice' }, { user: 'bob' }],
    rooms: ['lobby'],
    lines: [line('a', 1), line('b', 2, 'carol', 'lobby')],
  });
});
afterEach(() => {
  session.signOut();
  session.questions.length = 0;
  session.signals.length = 0;
});

describe('what was said', () => {
  it('is put together from what was fetched and what is pushed', () => {
    push(line('c', 3));
    push(line('c', 3));
    session.push(roomTopic('lobby'), line('d', 4, 'dave', 'lobby'));
    expect(texts(bob)).toEqual(['line a', 'line c']);
    expect(texts(lobby)).toEqual(['line b', 'line d']);
    expect(people.value).toEqual(['bob']);
  });

  it('is unread until it is seen; what was said in a room before is no news', () => {
    expect(unreadTotal.value).toBe(1);
    push(line('c', 3));
    session.push(roomTopic('lobby'), line('d', 4, 'dave', 'lobby'));
    expect(Object.fromEntries(unreadByPlace.value)).toEqual({ 'person:bob': 2, 'room:lobby': 1 });
    markSeen(bob);
    markSeen(lobby);
    expect(unreadTotal.value).toBe(0);
    push(line('e', 5));
    expect(unreadTotal.value).toBe(1);
  });

  it('is read here when it was read in another tab, and stays read after a reload', () => {
    push(line('c', 3));
    const newValue = JSON.stringify({ 'person:bob': 3 });
    stored.set('relay.demo.seen.alice', newValue);
    const told = Object.assign(new Event('storage'), { key: 'relay.demo.seen.alice', newValue });
    tabs.dispatchEvent(told);
    expect(unreadTotal.value).toBe(0);
    session.signOut();
    session.signIn('alice');
    push(line('c', 3));
    expect(unreadTotal.value).toBe(0);
  });

  it('stays read whatever another tab, which knows less, or a stranger writes there', () => {
    push(line('c', 3));
    markSeen(bob);
    for (const newValue of ['{"person:bob":1}', 'null', '{', '{"person:bob":"x"}', null]) {
      tabs.dispatchEvent(Object.assign(new Event('storage'), { key: 'relay.demo.seen.alice', newValue }));
    }
    expect(unreadTotal.value).toBe(0);
  });

  it('is ignored when it is no line', () => {
    session.push(listen.chat, { id: 'x', text: 5 });
    session.push(listen.chat, null);
    expect(texts(bob)).toEqual(['line a']);
  });

  it('shows somebody new who writes', () => {
    push(line('z', 9, 'erin'));
    expect(people.value).toEqual(['bob', 'erin']);
  });
});

describe('a line of one’s own', () => {
  it('is there at once, and confirmed by the answer', async () => {
    void write(bob, 'hello');
    expect(pendingTexts()).toEqual([['hello', undefined]]);
    const asked = session.question(ask.write);
    expect(asked.content).toEqual({ to: 'bob', text: 'hello' });
    await asked.answer(line('c', 3, 'alice', 'bob', 'hello'));
    expect(pendingTexts()).toEqual([]);
    expect(texts(bob)).toEqual(['line a', 'hello']);
  });

  it('is shown once when the push comes before the answer', async () => {
    void write(bob, 'hello');
    push(line('c', 3, 'alice', 'bob', 'hello'));
    expect([pendingTexts(), texts(bob)]).toEqual([[], ['line a', 'hello']]);
    await session.question(ask.write).answer(line('c', 3, 'alice', 'bob', 'hello'));
    expect([pendingTexts(), texts(bob)]).toEqual([[], ['line a', 'hello']]);
  });

  it('has not failed when it was pushed and only the answer was lost', async () => {
    void write(bob, 'hello');
    push(line('c', 3, 'alice', 'bob', 'hello'));
    await session.question(ask.write).fail('no answer');
    expect([pendingTexts(), texts(bob)]).toEqual([[], ['line a', 'hello']]);
  });

  it('has not failed either when the push comes after the time was up', async () => {
    void write(bob, 'hello');
    await session.question(ask.write).fail('no answer');
    expect(pendingTexts()).toEqual([['hello', 'no answer']]);
    push(line('c', 3, 'alice', 'bob', 'hello'));
    expect([pendingTexts(), texts(bob)]).toEqual([[], ['line a', 'hello']]);
  });

  it('can be tried again or given up when it failed', async () => {
    void write(bob, 'one');
    void write(bob, 'two');
    await session.question(ask.write).fail('no answer');
    await session.question(ask.write).fail('no answer');
    const [one, two] = pendingOf(bob);
    void retry(one?.local ?? '');
    expect(pendingTexts()).toEqual([
      ['one', undefined],
      ['two', 'no answer'],
    ]);
    await session.question(ask.write).answer(line('c', 3, 'alice', 'bob', 'one'));
    discard(two?.local ?? '');
    expect([pendingTexts(), texts(bob)]).toEqual([[], ['line a', 'one']]);
  });

  it('in a room goes to the room', () => {
    void write(lobby, 'hi all');
    expect(session.question(ask.say).content).toEqual({ room: 'lobby', text: 'hi all' });
  });
});

describe('typing', () => {
  it('is told to the other alone, by a name that fits a destination', () => {
    voice.key({ type: 'person', id: 'carol@example.com' }, 'h');
    voice.stop();
    expect(session.signals).toEqual([
      { destination: '/user/carol%40example%2Ecom/topic/typing', content: { typing: true } },
      { destination: '/user/carol%40example%2Ecom/topic/typing', content: { typing: false } },
    ]);
  });

  it('is not told to whom a client cannot send', () => {
    voice.key({ type: 'person', id: 'a/b' }, 'h');
    voice.stop();
    expect(session.signals).toEqual([]);
  });

  it('in a room is told to the room, and one’s own is not shown', () => {
    voice.key(lobby, 'h');
    expect(session.signals).toEqual([
      { destination: roomTypingTopic('lobby'), content: { room: 'lobby', typing: true } },
    ]);
    session.push(roomTypingTopic('lobby'), { typing: true }, 'alice');
    session.push(roomTypingTopic('lobby'), { typing: true }, 'bob');
    expect(typing.value.get('room:lobby')).toEqual(['bob']);
  });

  it('ends with the line', () => {
    session.push(listen.typing, { typing: true }, 'bob');
    expect(typing.value.get('person:bob')).toEqual(['bob']);
    push(line('c', 3));
    expect(typing.value.size).toBe(0);
  });

  it('is believed of whom the relay has verified, whatever else the signal says', () => {
    session.push(listen.typing, { typing: true, from: 'carol', room: 'lobby' }, 'bob');
    expect([...typing.value.keys()]).toEqual(['person:bob']);
  });
});

describe('signing out', () => {
  it('leaves nothing for whoever comes next', async () => {
    void write(bob, 'secret');
    const asked = session.question(ask.write);
    session.push(listen.typing, { typing: true }, 'bob');
    session.signOut();
    expect(session.subscribed()).toEqual([]);
    session.signIn('mallory');
    await asked.answer(line('c', 3, 'alice', 'bob', 'secret'));
    expect([texts(bob), pendingTexts(), unreadTotal.value, typing.value.size]).toEqual([[], [], 0, 0]);
  });
});

function push(pushed: ChatLine): void {
  session.push(listen.chat, pushed);
}
