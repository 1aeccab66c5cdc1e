import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { deadlines, limitSockets, type SocketLimits } from '../../src/http/deadlines.js';
import { waitFor } from '../support/wait.js';

const TIMEOUT = 400;
/** When a socket must be gone that is cut after TIMEOUT: the looks of Node come on top, and a busy machine. */
const PATIENCE = TIMEOUT + 4000;

const opened: { destroy(): void }[] = [];
const servers: Server[] = [];
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

interface Served {
  port: number;
  server: Server;
  /** Sockets that the server has. */
  sockets(): Promise<number>;
  dropped(): number;
  late(): number;
}

async function serve(limits: Partial<SocketLimits> = {}): Promise<Served> {
  const server = createServer(deadlines(TIMEOUT), (incoming, response) => {
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    incoming.on('end', () => {
      if (incoming.url === '/large') response.end(Buffer.alloc(64 * 1024 * 1024));
      else response.end(String(bytes));
    });
  });
  let dropped = 0;
  let late = 0;
  limitSockets(server, { connections: 1000, onDropped: () => dropped++, onLate: () => late++, ...limits });
  server.on('upgrade', (_request, socket) => socket.on('error', () => {}));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sockets = () =>
    new Promise<number>((resolve, reject) => {
      server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  return { port, server, sockets, dropped: () => dropped, late: () => late };
}

interface Raw {
  socket: Socket;
  received(): string;
  gone(): boolean;
}

/** A socket that writes `head` and keeps its half open whatever it is sent. */
async function raw({ port }: Served, head = ''): Promise<Raw> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  opened.push(socket);
  let text = '';
  let gone = false;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  for (const event of ['end', 'close']) socket.on(event, () => (gone = true));
  await once(socket, 'connect');
  if (head) socket.write(head);
  return { socket, received: () => text, gone: () => gone };
}

/** Waits until the server has no socket any more. */
function empty(served: Served): Promise<boolean> {
  return waitFor(async () => (await served.sockets()) === 0, {
    what: 'the server to end the socket',
    timeout: PATIENCE,
  });
}

describe('a client that holds a socket', () => {
  it.each([
    ['says nothing', ''],
    ['sends half a request line', 'GET /heal'],
    ['sends half a head', 'GET / HTTP/1.1\r\nHost: relay.example\r\n'],
    [
      'sends half an upgrade',
      'GET /ws HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA',
    ],
    ['sends half a body', 'POST / HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 10\r\n\r\n123'],
    [
      'sends half a chunk',
      'POST / HTTP/1.1\r\nHost: relay.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12',
    ],
  ])('and %s is cut', async (_name, head) => {
    const served = await serve();
    await raw(served, head);
    await empty(served);
    expect(served.late()).toBe(1);
  });

  it.each([
    ['head', 'GET / HTTP/1.1\r\nHost: relay.example\r\nX-Drip: ', 'x'],
    ['body', 'POST / HTTP/1.1\r\nHost: relay.example\r\nContent-Length: 100000\r\n\r\n', 'x'],
    [
      'body of chunks',
      'POST / HTTP/1.1\r\nHost: relay.example\r\nTransfer-Encoding: chunked\r\n\r\n',
      '1\r\nx\r\n',
    ],
  ])('with a %s that drips is cut all the same', async (_name, head, drop) => {
    const served = await serve();
    const client = await raw(served, head);
    const drip = setInterval(() => client.socket.write(drop), 50);
    try {
      await waitFor(() => client.gone(), { what: 'the cut', timeout: PATIENCE });
    } finally {
      clearInterval(drip);
    }
    expect(client.received()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('and does not read its answer is cut', async () => {
    const served = await serve({ silence: 300 });
    const { socket } = await raw(served);
    socket.pause();
    socket.write('GET /large HTTP/1.1\r\nHost: relay.example\r\n\r\n');
    await empty(served);
  });

  it('by more headers than there is room for is refused', async () => {
    const served = await serve();
    const client = await raw(served, `GET / HTTP/1.1\r\nHost: relay.example\r\nX: ${'x'.repeat(17_000)}`);
    await waitFor(() => client.received().startsWith('HTTP/1.1 431 '), { what: 'the refusal' });
    expect(served.late()).toBe(0);
  });
});

it('nonsense is refused with 400, but not behind an answer', async () => {
  const served = await serve();
  const client = await raw(served, 'NONSENSE\r\n\r\n');
  await waitFor(() => client.gone(), { what: 'the close' });
  expect(client.received()).toMatch(/^HTTP\/1\.1 400 /);

  const second = await raw(served, 'GET / HTTP/1.1\r\nHost: relay.example\r\n\r\n');
  await waitFor(() => second.received().includes('200 OK'), { what: 'the answer' });
  second.socket.write('NONSENSE\r\n\r\n');
  await waitFor(() => second.gone(), { what: 'the close' });
  expect(second.received()).not.toContain('400');
});

describe('a client in time', () => {
  it('is served, on one connection again and again', async () => {
    const served = await serve();
    const client = await raw(served);
    for (const [index, body] of ['one', 'twenty'].entries()) {
      client.socket.write(`POST / HTTP/1.1\r\nHost: relay.example\r\nContent-Length: ${body.length}\r\n\r\n`);
      client.socket.write(body);
      await waitFor(() => client.received().split('HTTP/1.1 200').length === index + 2, {
        what: 'the answer',
      });
    }
    expect(client.received()).toMatch(/3\r?\n?.*6$/s);
  });

  it('that was upgraded may be silent for as long as it likes', async () => {
    const served = await serve();
    const upgraded = once(served.server, 'upgrade');
    const head =
      'GET /ws HTTP/1.1\r\nHost: relay.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    const client = await raw(served, head);
    await upgraded;
    const other = await raw(served, 'GET / HTTP/1.1\r\n');
    // Cut after it, by the same clock: had the first one been late too, it would be gone before.
    await waitFor(() => other.gone(), { what: 'the cut of the other', timeout: PATIENCE });
    expect(client.gone()).toBe(false);
  });
});

describe('more sockets than the limit', () => {
  it('are closed at once and counted, and there is room again when others have gone', async () => {
    const served = await serve({ connections: 2 });
    const kept = [await raw(served), await raw(served)];
    const third = await raw(served);
    await waitFor(() => third.gone(), { what: 'the close' });
    expect([served.dropped(), third.received()]).toEqual([1, '']);
    for (const { socket } of kept) socket.destroy();
    await waitFor(async () => (await served.sockets()) === 0, { what: 'room' });
    const asked = request({ port: served.port, host: '127.0.0.1' }).end();
    const [answer] = await once(asked, 'response');
    expect(answer.statusCode).toBe(200);
    answer.resume();
  });
});
