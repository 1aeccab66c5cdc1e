import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { broker } from '../support/broker.js';
import type { Mailroom } from '../support/mailroom.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

let world: World;
/** Its STOMP links go by way of `proxy`. */
let relay: TestRelay;
let proxy: CuttingProxy;
let mailroom: Mailroom;

beforeAll(async () => {
  world = new World();
  proxy = await world.keep(CuttingProxy.open(broker().webStompUrl));
  [relay, mailroom] = await Promise.all([
    world.relay({ RABBITMQ_WEB_STOMP_URL: proxy.url }),
    world.mailroom(),
  ]);
});

afterAll(() => world?.close());

interface Answer {
  status: number;
  retryAfter: string | null;
  id?: string;
  error?: { code: string; message: string };
}

async function post(user: string, body: object, key?: string): Promise<Answer> {
  const response = await fetch(`${relay.url}/api/users/${encodeURIComponent(user)}/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await relay.token('shop')}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Omit<Answer, 'status' | 'retryAfter'>;
  return { status: response.status, retryAfter: response.headers.get('retry-after'), ...answer };
}

describe('a message over HTTP', () => {
  it.each(['alice', 'alice@example.com', 'a%b', 'Zoë *'])('reaches %s live', async (name) => {
    const user = unique(name);
    const client = await relay.connected(user);
    await client.subscribed('u', '/user/topic/reply');
    const { status, id } = await post(user, {
      destination: '/topic/reply',
      body: 'over HTTP',
      headers: { 'content-type': 'text/plain', 'correlation-id': '7', 'relay-user': 'somebody else' },
    });
    expect(status).toBe(200);
    const { headers } = await client.message('over HTTP');
    expect(headers).toMatchObject({
      destination: '/user/topic/reply',
      'relay-user': 'shop',
      'amqp-message-id': id,
      'content-type': 'text/plain',
      'correlation-id': '7',
      persistent: 'true',
    });
  });

  it('is unread when nobody is there, with its id', async () => {
    const user = unique('alice');
    const { status, id } = await post(user, { destination: '/topic/reply', body: 'for later' }, 'order-17');
    expect([status, id]).toEqual([200, 'order-17']);
    await mailroom.holds(user, 1);
    const late = await relay.connected(user);
    await late.subscribed('u', '/user/topic/reply', { unread: 'replay' });
    expect((await late.message('for later')).headers['amqp-message-id']).toBe('order-17');
  });

  it('is refused where the sender may not send, and for a name that cannot be written', async () => {
    const reserved = await post('alice', { destination: '/relay.session' });
    expect([reserved.status, reserved.error?.code]).toEqual([400, 'ERR_DESTINATION_RESERVED']);
    const slash = await post('a/b', { destination: '/topic/reply' });
    expect([slash.status, slash.error?.code]).toEqual([400, 'ERR_DESTINATION_INVALID']);
    const nul = await post('alice', { destination: '/topic/reply', headers: { a: 'x\0y' } });
    expect(nul.status).toBe(400);
  });

  it('waits for a broker that comes back in a moment, and otherwise is refused without being sent', async () => {
    const user = unique('alice');
    const ready = async () => (await fetch(`${relay.url}/readyz`)).status === 200;
    await waitFor(ready, { what: 'the relay to be ready' });
    proxy.fail();
    const waiting = post(user, { destination: '/topic/reply', body: 'waited' });
    await waitFor(() => proxy.refused > 0, { what: 'a link that was turned away' });
    proxy.restore();
    expect((await waiting).status).toBe(200);

    await waitFor(ready, { what: 'the relay to be ready' });
    proxy.fail();
    const refused = await post(user, { destination: '/topic/reply', body: 'not sent' });
    expect([refused.status, refused.error?.code]).toEqual([503, 'ERR_BROKER_UNAVAILABLE']);
    expect(Number(refused.retryAfter)).toBeGreaterThan(0);
    proxy.restore();
    await waitFor(ready, { what: 'the relay to be ready' });
    await post(user, { destination: '/topic/reply', body: 'afterwards' });
    const client = await relay.connected(user);
    await client.subscribed('u', '/user/topic/reply', { unread: 'replay' });
    await client.message('afterwards');
    expect(client.bodies()).toEqual(['waited', 'afterwards']);
  });

  it('that was answered has arrived, though the links were cut meanwhile', async () => {
    const user = unique('alice');
    const client = await relay.connected(user);
    await client.subscribed('u', '/user/topic/reply');
    const confirmed: string[] = [];
    for (let round = 0; round < 5; round++) {
      const posts = Array.from({ length: 20 }, async (_, i) => {
        const body = `message ${round}.${i}`;
        const { status } = await post(user, { destination: '/topic/reply', body }, body);
        if (status === 200) confirmed.push(body);
      });
      await Promise.race(posts);
      proxy.cut();
      await Promise.all(posts);
    }
    expect(confirmed.length).toBeGreaterThanOrEqual(5);
    for (const body of confirmed) await client.message(body);
  });
});
