import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AmqpConnection } from '../../src/broker/connection.js';
import { createLogger } from '../../src/logger.js';
import { Link } from '../../src/upstream/link.js';
import { broker } from '../support/broker.js';
import { linkOptions } from '../support/links.js';
import { CuttingProxy } from '../support/proxy.js';
import { waitFor } from '../support/wait.js';

// One broker behind two addresses, and addresses where there is none.

let opened: { close(): Promise<void> | void }[];
let silent: Server;
let taken = 0;
let amqp: CuttingProxy[];
let stomp: CuttingProxy[];

beforeEach(async () => {
  silent = createServer(() => taken++);
  taken = 0;
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { amqpUrl, webStompUrl } = broker();
  opened = [];
  amqp = await Promise.all([CuttingProxy.open(amqpUrl), CuttingProxy.open(amqpUrl)]);
  stomp = await Promise.all([CuttingProxy.open(webStompUrl), CuttingProxy.open(webStompUrl)]);
});
afterEach(async () => {
  await Promise.all(opened.map((one) => one.close()));
  await Promise.all([...amqp, ...stomp].map((proxy) => proxy.close()));
  silent.close();
});

/** `url` with another port: one where nobody listens, or one that takes connections and says nothing. */
function elsewhere(url: string, port: number): string {
  const other = new URL(url);
  other.port = String(port);
  return other.href;
}
const refusing = (url: string) => elsewhere(url, 1);
const hanging = (url: string) => elsewhere(url, (silent.address() as { port: number }).port);

async function connection(...urls: string[]): Promise<AmqpConnection> {
  const connecting = new AmqpConnection(urls, createLogger('silent'), 'test');
  opened.push(connecting);
  await connecting.open();
  return connecting;
}

async function link(...urls: string[]): Promise<Link> {
  const url = urls.map((full) => Object.assign(new URL(full), { username: '', password: '' }).href);
  const events = { onUp() {}, onFrame() {}, onError() {}, onDown() {} };
  const connecting = new Link({ ...linkOptions(urls[0] ?? ''), url }, events);
  opened.push(connecting);
  connecting.open();
  return connecting;
}

const kinds = [
  ['an AMQP connection', connection, () => amqp],
  ['a link', link, () => stomp],
] as const;

describe.each(kinds)('%s', (_, open, proxies) => {
  it('comes up over the next address when the first is refused or silent', async () => {
    const [one] = proxies();
    const url = one?.url ?? '';
    const mover = await open(refusing(url), hanging(url), url);
    await waitFor(() => mover.up, { what: 'the connection' });
    expect([taken, one?.passed]).toEqual([1, 1]);
  });

  it('moves when its broker goes, and again when the next one does', async () => {
    const [one, two] = proxies();
    const mover = await open(one?.url ?? '', two?.url ?? '');
    await waitFor(() => mover.up, { what: 'the connection' });
    one?.fail();
    await waitFor(() => mover.up && two?.passed === 1, { what: 'the move' });
    one?.restore();
    two?.fail();
    await waitFor(() => mover.up && one?.passed === 2, { what: 'the move back' });
  });
});

it('a connection moves on from a broker that answers and cannot be used', async () => {
  const [one, two] = amqp.map(({ url }) => url);
  const moved = new AmqpConnection([one ?? '', two ?? ''], createLogger('silent'), 'test');
  opened.push(moved);
  let attempts = 0;
  // As on the side of a partition that has no majority: what is asked for is never done.
  moved.onConnect(() => (++attempts === 1 ? new Promise(() => {}) : Promise.resolve()), 200);
  await moved.open();
  await waitFor(() => moved.up, { what: 'the connection' });
  expect(amqp.map(({ passed }) => passed)).toEqual([1, 1]);
});
