import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import type { Mailroom } from '../support/mailroom.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { UnreadClient } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

// What a relay leaves behind that loses the broker without a word: its connections are cut and stay cut.

const world = new World();
let amqp: CuttingProxy;
let lost: TestRelay;
let other: TestRelay;
let service: Service;
let room: Mailroom;

beforeAll(async () => {
  service = await world.service();
  room = await world.mailroom();
  other = await world.relay();
});
afterAll(() => world.close());
beforeEach(async () => {
  amqp = await world.keep(CuttingProxy.open(broker().amqpUrl));
  lost = await world.relay({ RABBITMQ_URL: amqp.url, RELAY_CONFIRM_TIMEOUT: '600000' });
});

const place = () => `relay.node.${lost.node}`;

/** Whether the broker still has the exchange to which the routes of the lost relay lead. */
async function hasRoutes(): Promise<boolean> {
  const probe = await world.service();
  try {
    probe.channel.on('error', () => {});
    await probe.channel.checkExchange(place());
    return true;
  } catch {
    return false;
  }
}

describe('a relay that is gone', () => {
  it('has its routes cut, what it had not delivered made unread in order, and its queue removed at last', async () => {
    const user = unique('gone');
    const client = await lost.connected(user, { socket: { autoPong: false } });
    await client.subscribed('s', '/user/topic/reply');
    await service.allToUser(user, 'topic.reply', ['a', 'b']);
    await client.message('b');
    amqp.fail();
    await service.allToUser(user, 'topic.reply', ['c']);
    await waitFor(async () => !(await hasRoutes()), { what: 'the end of its routes' });
    const mail = await UnreadClient.of(other, user);
    await mail.waiting(3);
    expect(await mail.readAll()).toEqual(['a', 'b', 'c']);
    // Straight to the mailbox, past the queue of the dead.
    await service.allToUser(user, 'topic.reply', ['d']);
    await mail.waiting(1);
    await waitFor(async () => (await room.queue(place())) === undefined, {
      what: 'the removal of its queue',
      timeout: 40_000,
    });
    expect(await room.entriesOf('*')).not.toContain(lost.node);
  });

  it('comes back under another name, with everything that its clients subscribed to', async () => {
    const user = unique('back');
    const client = await lost.connected(user);
    await client.subscribed('s', '/user/topic/reply');
    amqp.fail();
    await waitFor(async () => !(await hasRoutes()), { what: 'the end of its routes' });
    amqp.restore();
    await waitFor(async () => (await fetch(`${lost.url}/readyz`)).ok, { what: 'its return' });
    await service.allToUser(user, 'topic.reply', ['again']);
    await client.message('again');
    expect(await hasRoutes()).toBe(false);
    expect((await room.queue(`${place()}-2`))?.consumers).toBe(1);
  });
});

describe('a relay that is there', () => {
  it('keeps its routes over a cut that is mended at once, and its clients get what came meanwhile', async () => {
    const user = unique('there');
    const client = await lost.connected(user);
    await client.subscribed('s', '/user/topic/reply');
    amqp.cut();
    await service.allToUser(user, 'topic.reply', ['meanwhile']);
    await client.message('meanwhile');
    expect(await hasRoutes()).toBe(true);
    expect((await room.queue(place()))?.consumers).toBe(1);
  });
});
