import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { metric, numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

let world: World;
let service: Service;

beforeEach(async () => {
  world = new World();
  service = await world.service();
});
afterEach(() => world.close());

function start(env: Record<string, string>): Promise<TestRelay> {
  return world.keep(startRelay(env));
}

describe('a client that sends too fast', () => {
  it('is slowed down to the rate, and everything arrives in order', async () => {
    const relay = await start({ RELAY_SEND_RATE: '200' });
    const topic = unique('fast');
    const tap = await service.tap('amq.topic', topic);
    const client = await relay.stomp('alice', { heartbeat: { outgoing: 1000, incoming: 1000 } });
    const started = Date.now();
    for (const body of numbered(1000)) client.send(`/topic/${topic}`, body);
    client.send(`/topic/${topic}`, 'end', { receipt: 'end' });
    await client.receipt('end');
    // 1000 are 400 at once and 600 at 200 a second.
    expect(Date.now() - started).toBeGreaterThan(2500);
    await tap.message('end');
    expect(tap.bodies()).toEqual([...numbered(1000), 'end']);
    expect(await metric(relay, 'relay_limits_total', 'RELAY_SEND_RATE')).toBe(1);
    expect(client.closed).toBeUndefined();
  });

  it('does not slow down anybody else', async () => {
    const relay = await start({ RELAY_SEND_RATE: '50' });
    const topic = unique('other');
    const fast = await relay.stomp('alice');
    for (const body of numbered(2000)) fast.send(`/topic/${topic}`, body);
    const other = await relay.stomp('bob');
    await other.subscribed(`/topic/${unique('own')}`, { id: 's' });
    for (const receipt of numbered(50, 'r')) other.send(`/topic/${topic}`, 'x', { receipt });
    await other.receipt('r49');
  });

  it('is closed when it goes on', async () => {
    const relay = await start({ RELAY_SEND_RATE: '50', RELAY_THROTTLE_TIME: '1000' });
    const client = await relay.connected('alice');
    const flood = setInterval(() => {
      for (let i = 0; i < 20 && !client.closed; i++) client.send('SEND', { destination: '/topic/x' }, 'x');
    }, 20);
    try {
      const { error, code } = await client.refused();
      expect([error.headers.code, code]).toEqual(['ERR_TOO_FAST', 4430]);
    } finally {
      clearInterval(flood);
    }
  });

  it('of bytes is not read until they are paid for', async () => {
    const relay = await start({ RELAY_RECEIVE_RATE: '100000' });
    const topic = unique('bytes');
    const tap = await service.tap('amq.topic', topic);
    const client = await relay.stomp('alice');
    const started = Date.now();
    for (const body of numbered(10)) client.send(`/topic/${topic}`, body.padEnd(50_000, '.'));
    client.send(`/topic/${topic}`, 'end', { receipt: 'end' });
    await client.receipt('end');
    // 500 kB are 200 kB at once and 300 kB at 100 kB a second.
    expect(Date.now() - started).toBeGreaterThan(2500);
    await tap.message('end');
    expect(tap.messages).toHaveLength(11);
  });
});

describe('a user that acknowledges nothing, in many sessions', () => {
  it('cannot use up what all users share', async () => {
    const relay = await start({
      RELAY_MAX_UNACKED: '20',
      RELAY_MAX_UNACKED_PER_USER: '30',
      RELAY_USER_PREFETCH: '60',
    });
    const greedy = unique('greedy');
    const tabs = await Promise.all(
      Array.from({ length: 6 }, async (_, i) => {
        const tab = await relay.connected(greedy);
        await tab.subscribed('s', `/user/tab${i}`, { ack: 'client-individual' });
        return tab;
      }),
    );
    const unread = await service.tapUnread(greedy);
    for (const i of tabs.keys()) await service.allToUser(greedy, `tab${i}`, numbered(15, `${i}-`));
    const closed = () => tabs.filter((tab) => tab.closed);
    await waitFor(() => closed().length > 0, { what: 'the end of one of them' });
    for (const tab of closed()) {
      expect([tab.closed?.code, tab.frames.at(-1)?.headers.code]).toEqual([
        4429,
        'ERR_USER_TOO_MANY_UNACKED',
      ]);
    }
    expect(await metric(relay, 'relay_limits_total', 'RELAY_MAX_UNACKED_PER_USER')).toBeGreaterThan(0);
    const other = await relay.connected(unique('other'));
    const name = unique('other');
    const friend = await relay.connected(name);
    await friend.subscribed('s', '/user/x', { ack: 'client-individual' });
    await service.toUser(name, 'x', 'served');
    await friend.message('served');
    expect(other.closed).toBeUndefined();
    // Nothing of it is lost: it waits for an ACK, or is unread.
    await waitFor(
      () => {
        const kept = tabs.filter((tab) => !tab.closed).flatMap((tab) => tab.bodies());
        return new Set([...kept, ...unread.bodies()]).size === 90;
      },
      { what: 'all 90 messages' },
    );
  });
});
