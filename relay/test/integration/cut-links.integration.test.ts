import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { type TestRelay, unique } from '../support/relay.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';

let world: World;
let relay: TestRelay;
let service: Service;
/** Counts the links. */
let proxy: CuttingProxy;

beforeAll(async () => {
  world = new World();
  proxy = await world.keep(CuttingProxy.open(broker().webStompUrl));
  [relay, service] = await Promise.all([
    world.relay({ RELAY_DEMO: '1', RELAY_SEND_LINKS: '2', RABBITMQ_WEB_STOMP_URL: proxy.url }),
    world.service(),
  ]);
});

afterAll(() => world?.close());

it('links that are cut on demand come back with all that they carried, and no client is lost', async () => {
  const topic = unique('news');
  const client = await relay.connected('alice');
  await client.subscribed('t', `/topic/${topic}`);
  await client.subscribed('u', '/user/topic/reply');

  const links = proxy.passed;
  const headers = { authorization: `Bearer ${await relay.token('alice')}` };
  const answer = await fetch(`${relay.url}/demo/cut-links`, { method: 'POST', headers });
  // The one of the topics, and the two for SEND.
  expect([answer.status, await answer.json()]).toEqual([200, { cut: 3 }]);

  await waitFor(() => proxy.passed === links + 3, { what: 'three links that are made again' });
  // A SEND with receipt waits for its link.
  client.send('SEND', { destination: `/user/alice/topic/reply`, receipt: 'r' }, 'sent meanwhile');
  await client.receipt('r');
  await client.message('sent meanwhile');
  await waitFor(async () => (await fetch(`${relay.url}/readyz`)).status === 200, {
    what: 'the links to be back',
  });
  await waitFor(
    async () => {
      // What is published before the subscription is there again is missed: /topic/… promises no more.
      await service.toTopic(topic, 'published after');
      return client.bodies().includes('published after');
    },
    { what: 'a message of the topic' },
  );
  expect(client.closed).toBeUndefined();
});
