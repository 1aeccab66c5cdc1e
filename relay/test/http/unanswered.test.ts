import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { secretToken } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { ask, type Served, secret, serve } from './serve.js';

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Asks for all of alice's mail over a socket that reads nothing by itself. */
async function pullOver(served: Served): Promise<Socket> {
  const socket = connect(served.port, '127.0.0.1');
  socket.pause();
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  const body = JSON.stringify({ destination: '/topic/reply', limit: 1000 });
  socket.write(
    `POST /api/unread/pull HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${await secretToken(secret, { sub: 'alice' })}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  );
  await waitFor(() => served.store.asked.length > 0, { what: 'the pull' });
  return socket;
}

/** More than any socket takes before somebody reads. */
function fill(served: Served): void {
  for (let i = 0; i < 32; i++) served.store.put('alice', 'topic.reply', Buffer.alloc(1 << 20, 'x'));
}

const givenBack = (served: Served) =>
  waitFor(() => served.store.givenBack.length > 0, { what: 'the lease to be given back', timeout: 5000 });

describe('an answer that nobody gets', () => {
  it('gives the messages back when the client left before it was ready', async () => {
    const served = await serve();
    served.store.put('alice', 'topic.reply', 'one');
    let open = () => {};
    served.store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const socket = await pullOver(served);
    socket.destroy();
    // The server is told by the time that it has noticed a later client's end.
    const other = connect(served.port, '127.0.0.1');
    await once(other, 'connect');
    other.end();
    await once(other.resume(), 'close');
    open();
    await givenBack(served);
    expect((await served.store.counts('alice')).get('topic.reply')).toBe(1);
  });

  it('gives the messages back when the client left in the middle of it', async () => {
    const served = await serve();
    fill(served);
    const socket = await pullOver(served);
    await once(socket, 'readable');
    socket.destroy();
    await givenBack(served);
    expect((await served.store.counts('alice')).get('topic.reply')).toBe(32);
    expect(served.store.givenBack).toHaveLength(1);
    expect(served.log()).not.toContain('request failed');
  });

  it('lets a client go that does not read it while the lease lives', async () => {
    const served = await serve();
    fill(served);
    served.store.expiresIn = 100;
    const socket = await pullOver(served);
    await givenBack(served);
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
  });

  it('gives nothing back when the client left after it', async () => {
    const served = await serve();
    served.store.put('alice', 'topic.reply', 'one');
    const socket = await pullOver(served);
    await once(socket, 'readable');
    socket.destroy();
    await waitFor(async () => (await connections(served)) === 0, { what: 'the server to notice' });
    expect(served.store.givenBack).toEqual([]);
  });

  it('gives the messages back when the answer cannot be made', async () => {
    const served = await serve();
    served.store.put('alice', 'topic.reply', 'one', ['name', 1n as unknown as string]);
    const body = { destination: '/topic/reply' };
    expect((await ask(`${served.url}/api/unread/pull`, { as: 'alice', body })).status).toBe(500);
    expect(served.store.givenBack).toHaveLength(1);
  });
});

describe('an answer that cannot be finished', () => {
  it('does not pass for a whole one, and its messages go back', async () => {
    const served = await serve();
    served.store.put('alice', 'topic.reply', Buffer.alloc(100_000, 'x'));
    served.store.put('alice', 'topic.reply', 'two', ['name', 1n as unknown as string]);
    const body = { destination: '/topic/reply' };
    await expect(ask(`${served.url}/api/unread/pull`, { as: 'alice', body })).rejects.toThrow();
    await givenBack(served);
    expect(served.log()).toContain('request failed');
  });
});

describe('a large answer', () => {
  it('holds nobody else up: it is made in many turns of the event loop', async () => {
    const served = await serve();
    const body = Buffer.alloc(8192, 'x');
    let turns = 0;
    const turn = () => {
      turns++;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      served.store.putMessage('alice', 'topic.reply', {
        id: `${i}`,
        headers: [],
        get body() {
          seen.add(turns);
          return body;
        },
      });
    }
    const socket = await pullOver(served);
    let read = 0;
    socket.on('data', (data) => {
      read += data.length;
    });
    socket.resume();
    await waitFor(() => read > 8_192_000, { what: 'the answer' });
    clearImmediate(timer);
    expect(seen.size).toBeGreaterThan(100);
  });
});

function connections(served: Served): Promise<number> {
  return new Promise((resolve, reject) => {
    served.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
