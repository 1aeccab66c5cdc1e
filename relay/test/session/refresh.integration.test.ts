import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import type { ReceivedFrame, StompClient } from '../support/stomp.js';
import { type Claims, inSeconds } from '../support/tokens.js';
import { numbered } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

const RULES = `
version: 1
rules:
  - subscribe: ['/topic/open.#', '/queue/open.#']
    send: ['/topic/#', '/queue/#']
  - roles: staff
    subscribe: ['/topic/staff.#', '/queue/staff.#']
    headers: [durable, auto-delete]
`;

let world: World;
let relay: TestRelay;
let service: Service;
let user: string;

beforeEach(async () => {
  world = new World();
  relay = await world.keep(startRelay({ RELAY_TOKEN_WARNING: '2000' }, RULES));
  service = await world.service();
  user = unique('alice');
});
afterEach(() => world.close());

async function open(claims: Claims): Promise<StompClient> {
  const Authorization = `Bearer ${await relay.token(user, claims)}`;
  return relay.stomp(user, { connectHeaders: { Authorization } });
}

let refreshes = 0;
/** What an application does: stompjs knows nothing of it. */
async function refresh(client: StompClient, claims: Claims = {}): Promise<ReceivedFrame> {
  const receipt = `refreshed-${refreshes++}`;
  client.send('/relay/token', '', { Authorization: `Bearer ${await relay.token(user, claims)}`, receipt });
  return client.receipt(receipt);
}

function notices(client: StompClient): Record<string, unknown>[] {
  return client.messages('notices').map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
}

const bodies = (client: StompClient, id: string) => client.messages(id).map(({ body }) => body.toString());

describe('a refresh before the token ends', () => {
  it('keeps a client alive that acts on the warning, without a message lost or repeated', async () => {
    const client = await open({ exp: inSeconds(5) });
    await client.subscribed('/user/relay.session', { id: 'notices' });
    await service.allToUser(user, 'replayed', numbered(20));
    const kinds = {
      auto: 'auto',
      client: 'client',
      individual: 'client-individual',
      replayed: 'auto',
    } as const;
    for (const [id, ack] of Object.entries(kinds)) {
      await client.subscribed(`/user/${id}`, { id, ack, ...(id === 'replayed' ? { unread: 'replay' } : {}) });
    }
    const topic = `open.${unique('ticks')}`;
    await client.subscribed(`/topic/${topic}`, { id: 'topic' });

    let sent = 0;
    const acknowledged = new Set<string>();
    const stream = setInterval(() => {
      for (const rest of ['auto', 'client', 'individual']) {
        service.post('relay.user', `${user}.${rest}`, String(sent), { persistent: true });
      }
      service.post('relay.user', `${user}.replayed`, String(20 + sent), { persistent: true });
      service.post('amq.topic', topic, String(sent));
      sent++;
      for (const id of ['client', 'individual']) {
        for (const message of client.messages(id)) {
          const { ack = '' } = message.headers;
          if (acknowledged.has(ack)) continue;
          acknowledged.add(ack);
          client.ack(message);
        }
      }
    }, 20);
    try {
      await waitFor(() => notices(client)[0], { what: 'the warning' });
      const warning = notices(client)[0];
      expect(warning).toMatchObject({ type: 'token-expiring' });
      expect(warning?.expiresIn).toBeLessThanOrEqual(2);
      for (let round = 0; round < 3; round++) await refresh(client);
      const end = Date.parse(String(warning?.expiresAt));
      await waitFor(() => Date.now() > end + 1000, { what: 'the end of the first token' });
    } finally {
      clearInterval(stream);
    }
    await service.settled();
    await Promise.all(['auto', 'client', 'individual', 'topic'].map((id) => client.received(sent, id)));
    await client.received(sent + 20, 'replayed');
    for (const id of ['auto', 'client', 'individual', 'topic'])
      expect(bodies(client, id)).toEqual(numbered(sent));
    expect(bodies(client, 'replayed')).toEqual(numbered(sent + 20));
    expect(notices(client).map(({ type }) => type)).toEqual([
      'token-expiring',
      ...Array(3).fill('token-refreshed'),
    ]);
    expect([client.closed, client.error()]).toEqual([undefined, undefined]);
  });
});

describe('claims that allow less', () => {
  it('end what they do not allow, on shared and private links, and leave the rest alone', async () => {
    const client = await open({ roles: ['staff'] });
    const [open1, staff] = [unique('open.a'), unique('staff.b')];
    await client.subscribed('/user/relay.session', { id: 'notices' });
    await client.subscribed(`/topic/${open1}`, { id: 'open' });
    await client.subscribed(`/topic/${staff}`, { id: 'staff' });
    await client.subscribed(`/queue/${open1}`, { id: 'open queue', ack: 'client-individual' });
    await client.subscribed(`/queue/${staff}`, { id: 'staff queue', ack: 'client-individual' });
    await service.publish('', staff, 'before');
    const before = (await client.received(1, 'staff queue'))[0];

    const receipt = await refresh(client, { roles: [] });
    expect(receipt.headers['relay-ended']).toBe('staff,staff%20queue');
    expect(notices(client).map(({ type, subscription }) => [type, subscription])).toEqual([
      ['subscription-ended', 'staff'],
      ['subscription-ended', 'staff queue'],
      ['token-refreshed', undefined],
    ]);

    await service.toTopic(staff, 'secret');
    await service.publish('', staff, 'secret');
    await service.toTopic(open1, 'still');
    await service.publish('', open1, 'still');
    await client.received(1, 'open');
    await client.received(1, 'open queue');
    // An application that does not know of it yet does what it always does, and nothing breaks.
    if (before) client.ack(before);
    client.unsubscribe('staff');
    await client.unsubscribed('staff queue');
    client.send(`/topic/${open1}`, 'more', { receipt: 'sent' });
    await client.receipt('sent');
    await client.received(2, 'open');
    expect([...bodies(client, 'staff'), ...bodies(client, 'staff queue')]).toEqual(['before']);
    await client.disconnect();
    // What nobody could take any more is still there, and so is what was never acknowledged.
    await waitFor(async () => (await service.channel.checkQueue(staff)).messageCount === 2, {
      what: 'the two messages in the queue',
    });
    for (const queue of [staff, open1]) await service.channel.deleteQueue(queue);
  });

  it('keep the queue of a durable subscription, which goes on when it is allowed again', async () => {
    const client = await open({ roles: ['staff'] });
    const topic = unique('staff.durable');
    const headers = { id: 'd', durable: 'true', 'auto-delete': 'false', ack: 'client' };
    await client.subscribed(`/topic/${topic}`, headers);
    await refresh(client, { roles: [] });
    await service.toTopic(topic, 'meanwhile');
    await refresh(client, { roles: ['staff'] });
    await client.subscribed(`/topic/${topic}`, headers);
    expect((await client.received(1, 'd'))[0]?.body.toString()).toBe('meanwhile');
    await client.unsubscribed('d', { durable: 'true' });
  });

  it('end subscriptions under load without the broker or the client taking it for an error', async () => {
    const client = await open({ roles: ['staff'] });
    const name = unique('staff.load');
    await service.channel.assertQueue(name, { durable: true });
    let posting = true;
    const flood = (async () => {
      for (let i = 0; posting; i++) {
        service.post('', name, String(i));
        service.post('amq.topic', name, String(i));
        if (i % 200 === 0) await service.settled();
      }
    })();
    try {
      for (let round = 0; round < 5; round++) {
        await client.subscribed(`/queue/${name}`, { id: 'q', ack: round % 2 === 0 ? 'auto' : 'client' });
        await client.subscribed(`/topic/${name}`, { id: 't' });
        await client.received(1, 'q');
        const { headers } = await refresh(client, { roles: [] });
        expect(headers['relay-ended']).toBe('q,t');
        const seen = client.messages().length;
        client.send('/topic/open.x', 'x', { receipt: `after-${round}` });
        await client.receipt(`after-${round}`);
        expect(client.messages().length).toBe(seen);
        await refresh(client, { roles: ['staff'] });
      }
    } finally {
      posting = false;
      await flood;
    }
    expect([client.closed, client.error()]).toEqual([undefined, undefined]);
    await client.disconnect();
    await service.channel.deleteQueue(name);
  });
});

it('never reaches the broker', async () => {
  const client = await open({});
  const taps = await Promise.all(
    ['amq.topic', 'relay.user', 'relay.app', 'relay.unread'].map((exchange) => service.tap(exchange, '#')),
  );
  await refresh(client);
  client.send('/topic/open.last', 'last', { receipt: 'last' });
  await client.receipt('last');
  await taps[0]?.message('last');
  expect(taps.map(({ messages }) => messages.length)).toEqual([1, 0, 0, 0]);
});
