import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { keepSecret } from '../support/run-log.js';
import { secretToken } from '../support/tokens.js';
import { metric } from '../support/unread.js';
import { waitFor } from '../support/wait.js';
import { World } from '../support/world.js';
import { Person } from './rig.js';

const world = new World();
let relay: TestRelay;
let service: Service;
beforeAll(async () => {
  relay = await world.relay();
  service = await world.service();
});
afterAll(() => world.close());

const keep = (someone: Person) => world.keep(Promise.resolve(someone));
const person = (user: string, options = {}) => keep(Person.of(relay, user, options));

const works = (someone: Person, user: string) => someone.hears(service, user);

describe('a connection', () => {
  it('tells who it is for and how it stands', async () => {
    const user = unique('zoë@example.com');
    const zoe = await person(user);
    expect(zoe.client.state.value).toEqual({ status: 'idle' });
    await zoe.client.connect();
    expect(zoe.client.state.value).toMatchObject({
      status: 'connected',
      user,
      version: '1.2',
      transport: 'websocket',
      node: relay.node,
    });
    await works(zoe, user);
    await zoe.close();
    expect(zoe.client.state.value).toEqual({ status: 'closed' });
    await zoe.client.connect();
    await works(zoe, user);
  });

  it('comes back after it was dropped, with what was subscribed', async () => {
    const user = unique('alice');
    const alice = await person(user);
    await alice.client.connect();
    await works(alice, user);
    alice.client.dropConnection();
    await alice.connections(2);
    expect(alice.states).toContainEqual(
      expect.objectContaining({ status: 'waiting', attempt: 1, code: 4001 }),
    );
    await service.toUser(user, 'topic.ping', 'again');
    await alice.got('again', '/user/topic/ping');
  });

  it('comes back when the relay is started anew', async () => {
    const secret = keepSecret('0123456789abcdef'.repeat(4));
    const user = unique('alice');
    const token = () => secretToken(secret, { sub: user });
    const first = await startRelay({ RELAY_JWT_SECRET: secret });
    const alice = await keep(Person.of(first, user, { token }));
    const { ready } = alice.subscribe('/user/topic/reply');
    await alice.client.connect();
    await ready;
    // Asked for before: by the time that a busy relay has left, the client may have tried again.
    const waiting = alice.until('waiting');
    await first.leave();
    expect(await waiting).toMatchObject({ code: 1001 });
    await service.toUser(user, 'topic.reply', 'while it was down', { messageId: '1' });
    await world.relay({ RELAY_JWT_SECRET: secret, RELAY_PORT: new URL(first.url).port });
    await alice.connections(2);
    await service.toUser(user, 'topic.reply', 'then', { messageId: '2' });
    expect(await alice.received(2)).toEqual(['while it was down', 'then']);
  });

  it('notices nothing when the relay’s link to the broker is cut', async () => {
    const proxy = await world.keep(CuttingProxy.open(broker().webStompUrl));
    const cut = await world.relay({ RABBITMQ_WEB_STOMP_URL: proxy.url });
    const user = unique('alice');
    const alice = await keep(Person.of(cut, user));
    await alice.client.connect();
    await works(alice, user);
    const readiness = (status: number) =>
      waitFor(async () => (await fetch(`${cut.url}/readyz`)).status === status, {
        what: `readiness ${status}`,
      });
    proxy.fail();
    await readiness(503);
    const sent = alice.client.send(`/user/${user}/topic/ping`, 'sent meanwhile');
    proxy.restore();
    await readiness(200);
    await sent;
    await alice.got('sent meanwhile', '/user/topic/ping');
    await works(alice, user);
    expect(alice.states.filter(({ status }) => status === 'connected')).toHaveLength(1);
  });

  it('goes on trying while there is nobody, and is told to hurry by connect()', async () => {
    const proxy = await world.keep(CuttingProxy.open(relay.url));
    proxy.fail();
    const user = unique('alice');
    const alice = await person(user, { url: proxy.url.replace(/\/$/, '') });
    const connected = alice.client.connect();
    await waitFor(() => alice.states.filter(({ status }) => status === 'waiting').length >= 2, {
      what: 'two attempts',
    });
    proxy.restore();
    await waitFor(
      () => {
        void alice.client.connect();
        return alice.client.state.value.status === 'connected';
      },
      { what: 'the connection' },
    );
    await connected;
    const attempts = alice.states.flatMap((state) => (state.status === 'connecting' ? [state.attempt] : []));
    expect(attempts).toEqual(attempts.map((_, i) => i + 1));
  });

  it('waits as long as it is told when there are too many', async () => {
    const full = await world.relay({ RELAY_MAX_SESSIONS_PER_USER: '1' });
    const user = unique('alice');
    const first = await keep(Person.of(full, user));
    await first.client.connect();
    const second = await keep(Person.of(full, user));
    const connected = second.client.connect();
    connected.catch(() => {});
    const waiting = await second.until('waiting');
    expect(waiting).toMatchObject({ code: 4425 });
    // Told in seconds: 5 to 15 for a number of sessions. A client's own first wait is a second at most.
    expect(waiting.retryAt - Date.now()).toBeGreaterThan(3000);
    await first.close();
    await connected;
  });

  it('is closed by itself when the application does so while it connects', async () => {
    const user = unique('alice');
    const alice = await person(user);
    const connected = alice.client.connect();
    await alice.close();
    await expect(connected).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await waitFor(async () => (await metric(relay, 'relay_sessions', user)) === 0, { what: 'no session' });
    expect(alice.client.state.value.status).toBe('closed');
  });
});

describe('frames', () => {
  it('are shown without secrets, and only while somebody looks', async () => {
    const user = unique('alice');
    const token = await relay.token(user);
    const later = await relay.token(user, { jti: 'another' });
    const alice = await person(user, { token: (stale?: string) => (stale === undefined ? token : later) });
    const shown: string[] = [];
    const stop = alice.client.onFrame((frame) => shown.push(JSON.stringify(frame)));
    await alice.client.connect();
    await alice.client.refresh();
    const text = shown.join('\n');
    for (const [direction, command] of [
      ['out', 'CONNECT'],
      ['in', 'CONNECTED'],
      ['out', 'SEND'],
      ['in', 'RECEIPT'],
    ]) {
      expect(text).toMatch(new RegExp(`"direction":"${direction}",.*"command":"${command}"`));
    }
    expect(text).toContain('•••');
    for (const secret of [token, later]) expect(text).not.toContain(secret.slice(-20));
    stop();
    const { length } = shown;
    await works(alice, user);
    expect(shown).toHaveLength(length);
  });
});
