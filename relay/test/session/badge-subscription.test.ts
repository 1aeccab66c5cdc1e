import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { header } from '../../src/stomp/frame.js';
import { Rig } from './rig.js';

let rig: Rig;
let unread: Map<string, number>;

beforeEach(async () => {
  rig = new Rig();
  unread = new Map();
  // No broker in a unit test; what the real counts are is tested with one.
  vi.spyOn(rig.services.unread, 'counts').mockImplementation(async () => new Map(unread));
  vi.spyOn(rig.services.unread, 'count').mockImplementation(async ({ rest }) => unread.get(rest) ?? 0);
  await rig.connect();
  rig.frames.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  rig.close();
  vi.useRealTimers();
});

const pass = () => vi.advanceTimersByTimeAsync(300);

it('tells the client every count, and again whenever it changes', async () => {
  unread.set('topic.reply', 2);
  rig.send('SUBSCRIBE', ['id', 'b', 'destination', '/user/relay.unread', 'receipt', 'r']);
  await pass();
  unread.set('topic.reply', 0);
  rig.services.unread.changes.received('alice', ['topic.reply']);
  await pass();
  expect(rig.commands.sort()).toEqual(['MESSAGE', 'MESSAGE', 'RECEIPT']);
  const messages = rig.frames.filter(({ command }) => command === 'MESSAGE');
  expect(messages.map(({ body }) => JSON.parse(body.toString()))).toEqual([
    { destination: '/topic/reply', count: 2 },
    { destination: '/topic/reply', count: 0 },
  ]);
  for (const { headers } of messages) {
    expect(header(headers, 'destination')).toBe('/user/relay.unread');
    expect(header(headers, 'subscription')).toBe('b');
    expect(header(headers, 'content-type')).toBe('application/json');
    expect(header(headers, 'ack')).toBeUndefined();
  }
  expect(new Set(messages.map(({ headers }) => header(headers, 'message-id'))).size).toBe(2);
});

it('has nothing to prove: a client that leaves is not waited for', async () => {
  unread.set('x', 1);
  rig.send('SUBSCRIBE', ['id', 'b', 'destination', '/user/relay.unread']);
  await pass();
  expect([rig.commands, rig.transport.proofRequests]).toEqual([['MESSAGE'], 0]);
});

it.each([
  ['UNSUBSCRIBE', () => rig.send('UNSUBSCRIBE', ['id', 'b'])],
  ['the end of the session', () => rig.session.onClose(1006)],
])('tells nothing after %s', async (_, end) => {
  rig.send('SUBSCRIBE', ['id', 'b', 'destination', '/user/relay.unread']);
  await pass();
  end();
  unread.set('x', 1);
  rig.services.unread.changes.received('alice', ['x']);
  await pass();
  expect(rig.commands).not.toContain('MESSAGE');
  expect(vi.getTimerCount()).toBe(0);
});
