import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type Channel, createPackage } from '../../../src/transport/sockjs/package.js';
import { waitFor } from '../../support/wait.js';

// What the relay uses of the package and the package does not document: another version may have it no more.

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function start(): Promise<{ url: string; channels: Channel[]; ids: string[]; told: unknown[] }> {
  const channels: Channel[] = [];
  const ids: string[] = [];
  const told: unknown[] = [];
  const handle = createPackage({
    heartbeat: 60_000,
    patience: 60_000,
    streamBytes: 1 << 20,
    onOpen: (id, channel) => {
      ids.push(id);
      channels.push(channel);
      return { onMessage: (text) => told.push(text), onEnd: () => told.push('the end') };
    },
    onError: (error) => told.push(error),
  });
  const server = createServer((request, response) => {
    const { method = '', url = '', headers, socket } = request;
    handle({ method, url, headers, connection: socket, on: request.on.bind(request) }, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, channels, ids, told };
}

const post = async (url: string, body = '') => {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/plain' } });
  return { response, text: await response.text() };
};

it('opens sessions by name, carries messages both ways, and ends answers and sessions when it is told to', async () => {
  const { url, channels, ids, told } = await start();
  expect((await post(`${url}/0/one/xhr`)).text).toBe('o\n');
  await waitFor(() => channels.length === 1, { what: 'the session' });
  expect(ids).toEqual(['one']);
  const channel = channels[0] as Channel;
  expect(channel.receiving).toBe(false);
  channel.send(['a', 'b']);
  expect((await post(`${url}/0/one/xhr`)).text).toBe('a["a","b"]\n');
  expect((await post(`${url}/0/one/xhr_send`, '["x","y"]')).response.status).toBe(204);
  expect(told).toEqual(['x', 'y']);

  const stream = post(`${url}/0/one/xhr_streaming`);
  await waitFor(() => channel.receiving, { what: 'the stream' });
  channel.send(['c']);
  expect(channel.receiving).toBe(true);
  channel.endAnswer();
  expect((await stream).text).toMatch(/^h{2048}\na\["c"\]\n$/);
  expect(channel.receiving).toBe(false);

  const poll = post(`${url}/0/one/xhr`);
  await waitFor(() => channel.receiving, { what: 'the poll' });
  channel.heartbeat();
  expect((await poll).text).toBe('h\n');

  channel.close(4401, 'no');
  expect((await post(`${url}/0/one/xhr`)).text).toBe('c[4401,"no"]\n');
  expect(told).toHaveLength(2);
  channel.discard();
  expect(told).toEqual(['x', 'y', 'the end']);
  channel.discard();
  expect(told).toHaveLength(3);
  expect((await post(`${url}/0/one/xhr_send`, '["z"]')).response.status).toBe(404);
});

it('forgets a session with an answer open', async () => {
  const { url, channels, told } = await start();
  await post(`${url}/0/two/xhr`);
  const poll = post(`${url}/0/two/xhr`);
  await waitFor(() => channels[0]?.receiving, { what: 'the poll' });
  channels[0]?.discard();
  await poll;
  expect(told).toEqual(['the end']);
});

it('shares nothing with strangers by itself', async () => {
  const { url } = await start();
  const { headers } = await fetch(`${url}/info`, { headers: { origin: 'https://evil.example' } });
  expect(headers.get('access-control-allow-origin')).toBeNull();
});
