import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ClientOriginOf } from '../../src/http/client-address.js';
import { Passing } from '../../src/workers/passing.js';
import { slotOf } from '../../src/workers/slot.js';
import { waitFor } from '../support/wait.js';
import { ask } from '../transport/sockjs/requests.js';

// Two workers' parts in this process: what comes to the first is asked for sessions of the second.

interface Served {
  request: IncomingMessage;
  response: ServerResponse;
  from: ReturnType<ClientOriginOf>;
  body: string;
}

let folder: string;
let passings: Passing[];
let front: Server;
let served: Served[];
/** What the worker that has the session does with a request. */
let serve: (one: Served) => void;

const ordinary: ClientOriginOf = () => ({ address: '127.0.0.1', secure: false, host: 'here' });
const sessionOf = (slot: number) => {
  for (let index = 0; ; index++) {
    const path = { server: '000', session: `session-${index}` };
    if (slotOf(path, 2) === slot) return `/sockjs/${path.server}/${path.session}`;
  }
};
const urlOf = (path: string) => `http://127.0.0.1:${(front.address() as AddressInfo).port}${path}`;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relay-test-passing-'));
  served = [];
  serve = ({ response }) => response.end('served');
  passings = [0, 1].map((slot) => new Passing({ slot, of: 2, port: 0, folder }, '/sockjs'));
  const [first, second] = passings as [Passing, Passing];
  const originOf = second.clientOrigin(ordinary);
  const app = (incoming: IncomingMessage, response: ServerResponse) => {
    const one: Served = { request: incoming, response, from: originOf(incoming), body: '' };
    served.push(one);
    incoming.setEncoding('utf8').on('data', (chunk: string) => {
      one.body += chunk;
    });
    incoming.once('end', () => serve(one));
  };
  await second.open(app);
  first.clientOrigin(ordinary);
  const handle = first.handler((_, response) => {
    response.end('here');
    return true;
  });
  front = createServer((incoming, response) => {
    response.setHeader('x-front', 'its own');
    handle(incoming, response);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  front.close();
  front.closeAllConnections();
  for (const passing of passings) passing.close();
  rmSync(folder, { recursive: true, force: true });
});

it('serves what is its own or of no session', async () => {
  for (const path of [`${sessionOf(0)}/xhr`, '/sockjs/info', '/elsewhere', `${sessionOf(1)}/unknown_kind`]) {
    expect((await ask(urlOf(path), { method: 'POST' })).text).toBe('here');
  }
  expect(served).toHaveLength(0);
});

it('passes on the request as it is, and says who sent it, whatever they say themselves', async () => {
  serve = ({ response }) => response.writeHead(201, { 'x-back': 'theirs' }).end('done');
  const headers = {
    cookie: 'a=b',
    expect: '100-continue',
    'relay-client-origin': JSON.stringify({ address: '192.0.2.1', secure: true, host: 'evil.example' }),
  };
  const body = 'x'.repeat(200_000);
  const answer = await ask(urlOf(`${sessionOf(1)}/xhr_send?token=t`), { method: 'POST', headers, body });
  expect([answer.status, answer.text, answer.headers['x-back']]).toEqual([201, 'done', 'theirs']);
  // What is on the answer is for the worker to say that has the session.
  expect(answer.headers['x-front']).toBeUndefined();
  expect(served[0]?.from).toEqual(ordinary({} as IncomingMessage));
  expect(served[0]?.body).toBe(body);
  expect(served[0]?.request).toMatchObject({ method: 'POST', url: `${sessionOf(1)}/xhr_send?token=t` });
  expect(served[0]?.request.headers).toMatchObject({ cookie: 'a=b', host: new URL(urlOf('/')).host });
});

it('hands no body on that could be taken for a second request', async () => {
  const smuggled = 'GET /sockjs/000/smuggled-session/xhr HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': String(smuggled.length) }]) {
    const sent = { method: 'GET', headers, body: smuggled };
    expect((await ask(urlOf(`${sessionOf(1)}/eventsource`), sent)).text).toBe('served');
  }
  expect(served.map(({ request: { url } }) => url)).toEqual(Array(2).fill(`${sessionOf(1)}/eventsource`));
  for (const { body } of served) expect(body).toBe('');
});

it('lets an answer through as it comes, and ends both sides with either', async () => {
  serve = ({ response }) => response.write('one');
  const open = async () => {
    const sent = request(urlOf(`${sessionOf(1)}/xhr_streaming`), { method: 'POST', agent: false });
    sent.on('error', () => {});
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    response.on('error', () => {});
    const [chunk] = (await once(response, 'data')) as [Buffer];
    expect(chunk.toString()).toBe('one');
    return { sent, response };
  };
  // The client leaves.
  const { sent } = await open();
  sent.destroy();
  await waitFor(() => served[0]?.request.socket.destroyed, {
    what: 'the end at the worker that has the session',
  });
  // The worker does.
  const { response } = await open();
  served[1]?.request.socket.destroy();
  await waitFor(() => response.destroyed, { what: 'the end at the client' });
  expect(response.complete).toBe(false);
});

it('tells the worker that has the session when a client does not wait for the answer', async () => {
  serve = () => {};
  const sent = request(urlOf(`${sessionOf(1)}/xhr`), { method: 'POST', agent: false });
  sent.on('error', () => {});
  sent.end();
  await waitFor(() => served.length === 1, { what: 'the request' });
  sent.destroy();
  await waitFor(() => served[0]?.request.socket.destroyed, { what: 'its end' });
});

it('says come again when the worker is not there, and finds the one that takes its place', async () => {
  const [, second] = passings as [Passing, Passing];
  const url = urlOf(`${sessionOf(1)}/xhr`);
  expect((await ask(url, { method: 'POST' })).text).toBe('served');
  second.close();
  // As one leaves it that is killed.
  writeFileSync(join(folder, '1.sock'), '');
  const refused = await ask(url, { method: 'POST' });
  expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
  await second.open((_, response) => response.end('by the next one'));
  expect((await ask(url, { method: 'POST' })).text).toBe('by the next one');
});

it('believes nobody who does not say who sent a request', async () => {
  const socketPath = join(folder, '1.sock');
  const answer = request({ socketPath, path: `${sessionOf(1)}/xhr`, method: 'POST' }).end();
  const [response] = (await once(answer, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(400);
  response.resume();
});
