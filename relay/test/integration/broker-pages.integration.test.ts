import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { broker } from '../support/broker.js';
import { HandshakeRefused, RawClient } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { World } from '../support/world.js';

let world: World;
let relay: TestRelay;

beforeAll(async () => {
  world = new World();
  relay = await world.keep(startRelay({}, 'version: 1\nrules:\n  - manage: broker\n    roles: admin\n'));
});

afterAll(() => world?.close());

async function ask(path: string, method = 'GET', body?: object, roles = ['admin']): Promise<Response> {
  return fetch(`${relay.url}/broker${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await relay.token('alice', { roles })}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

describe('the management behind the relay', () => {
  it('serves its pages, and never its own credentials', async () => {
    const { password } = new URL(broker().managementUrl);
    const page = await ask('/');
    expect(page.status).toBe(200);
    const html = await page.text();
    expect(html).toContain('<title>RabbitMQ Management</title>');
    expect(html + JSON.stringify([...page.headers])).not.toContain(password);
    // Every script that the page names is there.
    const scripts = [...html.matchAll(/<script src="([^"]+)"/g)].map(([, src]) => src);
    expect(scripts.length).toBeGreaterThan(5);
    for (const src of scripts) {
      const script = await ask(`/${src}`);
      expect([src, script.status, (await script.text()).length > 0]).toEqual([src, 200, true]);
    }
    expect(await (await ask('/api/whoami')).json()).toMatchObject({ name: 'relay' });
  });

  it('lists, makes and removes queues, in virtual hosts with a slash in their names, too', async () => {
    const vhost = encodeURIComponent(broker().vhost);
    const queue = encodeURIComponent(unique('made/here'));
    const path = `/api/queues/${vhost}/${queue}`;
    expect((await ask(path, 'PUT', { durable: true })).status).toBe(201);
    expect(await (await ask(path)).json()).toMatchObject({ name: decodeURIComponent(queue) });
    expect((await ask(path, 'DELETE')).status).toBe(204);
    expect((await ask(path)).status).toBe(404);
  });

  it('hands out the definitions, for which its pages put what they think is a password into the address', async () => {
    const response = await ask(
      `/api/definitions/${encodeURIComponent(broker().vhost)}?download=d.json&auth=eDp5`,
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('content-disposition')).toContain('d.json');
    expect(await response.json()).toHaveProperty('queues');
  });

  it('shows nothing to others, and opens no WebSocket', async () => {
    expect((await ask('/api/overview', 'GET', undefined, ['user'])).status).toBe(403);
    const authorization = `Bearer ${await relay.token('alice', { roles: ['admin'] })}`;
    const url = `${relay.url.replace('http', 'ws')}/broker/ws`;
    const error: unknown = await RawClient.open(url, { socket: { headers: { authorization } } }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(HandshakeRefused);
    expect(error).toMatchObject({ status: 404 });
  });
});
