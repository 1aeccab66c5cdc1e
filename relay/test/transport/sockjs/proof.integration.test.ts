import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../../src/closures.js';
import type { Service } from '../../support/amqp.js';
import { broker } from '../../support/broker.js';
import type { Mailroom } from '../../support/mailroom.js';
import { CuttingProxy } from '../../support/proxy.js';
import { type TestRelay, unique } from '../../support/relay.js';
import { type HttpDialect, HttpWire } from '../../support/sockjs-wire.js';
import type { StompClient } from '../../support/stomp.js';
import { metric } from '../../support/unread.js';
import { waitFor } from '../../support/wait.js';
import { World } from '../../support/world.js';
import { ask, newSession } from './requests.js';

const world = new World();
let relay: TestRelay;
/** Waits for a client only briefly. */
let hasty: TestRelay;
let service: Service;
let mailroom: Mailroom;
const clients: StompClient[] = [];

beforeAll(async () => {
  [relay, hasty, service, mailroom] = await Promise.all([
    world.relay({ RELAY_MAX_QUEUED_BYTES: '65536', RELAY_PING_INTERVAL: '1000' }),
    world.relay({ RELAY_CONFIRM_TIMEOUT: '1000' }),
    world.service(),
    world.mailroom(),
  ]);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.drop();
  await Promise.all([relay, hasty].map(isGone));
});
afterAll(() => world.close());

interface Reader {
  user: string;
  wire: HttpWire;
  client: StompClient;
}

async function reader(
  at: TestRelay,
  dialect: HttpDialect,
  destination = '/user/topic/reply',
): Promise<Reader> {
  const user = unique('alice');
  const wire = new HttpWire(at.sockjsUrl, dialect);
  const client = await at.stomp(user, { sockjs: wire });
  clients.push(client);
  await client.subscribed(destination, { id: 's' });
  return { user, wire, client };
}

const isGone = (at: TestRelay) =>
  waitFor(async () => (await metric(at, 'relay_sessions')) === 0, { what: 'the end of the session' });

const dialects: HttpDialect[] = ['xhr-streaming', 'htmlfile', 'xhr-polling', 'jsonp-polling'];

describe.each(dialects)('a message over %s', (dialect) => {
  it('is unread when the client does not ask for more', async () => {
    const { user, wire, client } = await reader(hasty, dialect);
    wire.holdsBack = true;
    await service.toUser(user, 'topic.reply', 'hello');
    await client.message(0);
    await mailroom.holds(user, 1);
    await isGone(hasty);
  });

  it('is read as soon as it does, though it is cut right after', async () => {
    const { user, wire, client } = await reader(relay, dialect);
    const { asked } = wire;
    await service.toUser(user, 'topic.reply', 'hello');
    await client.message(0);
    await waitFor(() => wire.asked > asked, { what: 'the next request' });
    // A frame that is answered after it: so the request has arrived, too.
    client.transmit('BEGIN', { transaction: 't', receipt: 'r' });
    await client.receipt('r');
    client.drop();
    await isGone(relay);
    await mailroom.passed(user);
    expect(await mailroom.state(user)).toBeUndefined();
  });

  it('is unread at once when the client is cut while it waits for it', async () => {
    const { user, wire, client } = await reader(hasty, dialect);
    await waitFor(() => wire.readyState === 1, { what: 'the connection' });
    client.drop();
    await isGone(hasty);
    await service.toUser(user, 'topic.reply', 'hello');
    await mailroom.holds(user, 1);
  });

  it('that is not read from the socket, is unread', async () => {
    const { user, wire, client } = await reader(hasty, dialect);
    wire.freeze();
    await service.allToUser(user, 'topic.reply', ['x'.repeat(900_000), 'y'.repeat(900_000)]);
    await mailroom.holds(user, 2);
    expect(client.messages()).toEqual([]);
    await isGone(hasty);
  });

  it('is one of a bounded number of bytes: whoever asks for nothing is closed', async () => {
    const topic = unique('flood');
    const before = await metric(relay, 'relay_limits_total', 'RELAY_MAX_QUEUED_BYTES');
    const { wire } = await reader(relay, dialect, `/topic/${topic}`);
    wire.holdsBack = true;
    wire.freeze();
    for (let i = 0; i < 20; i++) await service.toTopic(topic, 'x'.repeat(100_000));
    await waitFor(
      async () => (await metric(relay, 'relay_limits_total', 'RELAY_MAX_QUEUED_BYTES')) > before,
      {
        what: 'the limit',
      },
    );
    await isGone(relay);
    // And forgotten: whoever comes with that name is somebody new.
    expect((await ask(`${wire.session}/xhr`, { method: 'POST' })).text).toBe('o\n');
  });

  it('need not come for the client to be asked whether it is there', async () => {
    const { wire, client } = await reader(relay, dialect);
    const { asked } = wire;
    await waitFor(() => wire.asked > asked, { what: 'a question' });
    expect(client.closed).toBeUndefined();
  });
});

it('a relay that leaves waits for a client that is between two polls, and lets nobody else in', async () => {
  const links = await world.keep(CuttingProxy.open(broker().amqpUrl));
  const leaving = await world.relay({ RABBITMQ_URL: links.url });
  const { user, wire, client } = await reader(leaving, 'xhr-polling');
  wire.holdsBack = true;
  await service.toUser(user, 'topic.reply', 'hello');
  await client.message(0);
  const left = leaving.leave();
  await waitFor(() => links.isIdle, { what: 'the relay to have left the broker' });
  const late = await ask(`${newSession(leaving.sockjsUrl)}/xhr`, { method: 'POST' });
  expect([late.status, late.headers['retry-after'], late.headers.connection]).toEqual([503, '1', 'close']);
  // Sent before it can know: as over a WebSocket, that is no reason for another close code.
  client.transmit('BEGIN', { transaction: 't' });
  await waitFor(() => !wire.sending, { what: 'what it sent to be taken' });
  wire.resume();
  expect((await client.over()).code).toBe(closures.goingAway.code);
  await left;
});

it('a close waits for a client that is between two polls', async () => {
  const { user, wire, client } = await reader(relay, 'xhr-polling');
  wire.holdsBack = true;
  await service.toUser(user, 'topic.reply', 'hello');
  await client.message(0);
  client.subscribe('/exchange/forbidden/x', { id: 'f' });
  await isGone(relay);
  wire.resume();
  expect(await client.over()).toEqual({ code: closures.forbidden.code, reason: closures.forbidden.reason });
  expect(client.error()?.headers.code).toBe('ERR_FORBIDDEN');
});
