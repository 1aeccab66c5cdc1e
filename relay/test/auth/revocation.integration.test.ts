import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../support/amqp.js';
import { broker } from '../support/broker.js';
import { CuttingProxy } from '../support/proxy.js';
import type { RawClient } from '../support/raw.js';
import { type TestRelay, unique } from '../support/relay.js';
import { inSeconds } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { at, Installation } from './installation.js';

const REFUSED = '401 ERR_REVOKED';
/** The issue: every relay closes what matches within 1 s. */
const SOON = 1000;

let installation: Installation;
let one: TestRelay;
let two: TestRelay;
let service: Service;

beforeAll(async () => {
  installation = new Installation();
  [one, two, service] = await Promise.all([installation.relay(), installation.relay(), Service.open()]);
});

afterAll(async () => {
  await Promise.all([installation?.close(), service?.close()]);
});

const control = (revocation: object | string, options = {}) =>
  service.publish(
    'relay.control',
    '',
    typeof revocation === 'string' ? revocation : JSON.stringify(revocation),
    options,
  );

/** The client was signed out within a second from now. */
async function signedOut(client: RawClient): Promise<void> {
  const { error, code } = await client.refused(SOON);
  expect([error.headers.code, code]).toEqual(['ERR_REVOKED', 4411]);
}

/** What was published before is known at this relay: a mark behind it has had its effect. */
async function caughtUp(relay: TestRelay): Promise<void> {
  const { client } = await installation.signedIn(relay, unique('mark'), { sid: unique('mark') });
  const user = decodeURIComponent(
    (await client.frame(({ command }) => command === 'CONNECTED', '')).headers['user-name'] ?? '',
  );
  await control({ user });
  await client.over();
}

describe('DELETE /api/users/{user}/sessions', () => {
  it('signs its sender out everywhere, and lets them in again with a new token at once', async () => {
    const user = unique('alice@example.com');
    const [here, there, other] = await Promise.all([
      installation.signedIn(one, user),
      installation.signedIn(two, user),
      installation.signedIn(two, unique('bob')),
    ]);
    const path = `/api/users/${encodeURIComponent(user)}/sessions`;
    const answer = await installation.ask(one, 'DELETE', path, here.token);
    expect(answer).toEqual({ status: 200, body: { closedHere: 1 } });
    await Promise.all([signedOut(here.client), signedOut(there.client)]);
    expect(other.client.closed).toBeUndefined();
    for (const relay of [one, two]) {
      for (const { token } of [here, there]) {
        expect(await installation.handshake(relay, token)).toBe(REFUSED);
        expect((await installation.ask(relay, 'GET', '/api/unread', token)).status).toBe(401);
        const { error, code } = await installation.connectFrame(relay, token);
        expect([error.headers.code, code]).toEqual(['ERR_REVOKED', 4411]);
      }
      const fresh = await installation.token(user, { iat: inSeconds(0) });
      expect(await installation.handshake(relay, fresh)).toBe('101');
    }
  });

  it('takes back the token of this very second with which it was asked for', async () => {
    const user = unique('alice');
    const token = await installation.token(user, { iat: inSeconds(0) });
    expect((await installation.ask(one, 'DELETE', `/api/users/${user}/sessions`, token)).status).toBe(200);
    for (const relay of [one, two]) expect(await installation.handshake(relay, token)).toBe(REFUSED);
  });

  it('takes a rule for the sessions of others', async () => {
    const user = unique('alice');
    const { client } = await installation.signedIn(two, user);
    const path = `/api/users/${user}/sessions`;
    const mallory = await installation.token(unique('mallory'));
    expect((await installation.ask(one, 'DELETE', path, mallory)).status).toBe(403);
    expect(client.closed).toBeUndefined();
    const root = await installation.token('root');
    expect(await installation.ask(one, 'DELETE', path, root)).toEqual({
      status: 200,
      body: { closedHere: 0 },
    });
    await signedOut(client);
  });

  it('takes back tickets, too', async () => {
    const user = unique('alice');
    const token = await installation.token(user);
    const [first, second] = [await installation.ticket(one, token), await installation.ticket(one, token)];
    await installation.ask(two, 'DELETE', `/api/users/${user}/sessions`, token);
    await caughtUp(one);
    for (const url of [first, at(two, second)]) {
      expect(await installation.outcome(() => installation.open(url))).toBe('401 ERR_TICKET');
    }
  });
});

describe('a message on relay.control', () => {
  it.each([
    ['sub', (user: string) => ({ sub: user })],
    ['user', (user: string) => ({ user })],
    ['jti', (user: string) => ({ jti: `token-${user}`, exp: inSeconds(600) })],
    ['sid', (user: string) => ({ sid: `session-${user}` })],
    ['sid and sub', (user: string) => ({ sid: `session-${user}`, sub: user })],
    ['sub, as of a second ago', (user: string) => ({ sub: user, at: inSeconds(-1) })],
  ])('with %s ends what it names at every relay, and keeps it out', async (_, make) => {
    const user = unique('alice');
    const claims = { jti: `token-${user}`, sid: `session-${user}` };
    const sessions = await Promise.all([one, two].map((relay) => installation.signedIn(relay, user, claims)));
    const bystander = await installation.signedIn(one, unique('bob'), { sid: unique('session') });
    await control(make(user));
    await Promise.all(sessions.map(({ client }) => signedOut(client)));
    for (const relay of [one, two]) {
      for (const { token } of sessions) expect(await installation.handshake(relay, token)).toBe(REFUSED);
    }
    expect(bystander.client.closed).toBeUndefined();
  });

  it('with a session ends no other session of the user', async () => {
    const user = unique('alice');
    const sid = unique('session');
    const [meant, other, sidless] = [
      await installation.signedIn(one, user, { sid }),
      await installation.signedIn(two, user, { sid: unique('session') }),
      await installation.signedIn(two, user),
    ];
    await control({ sid });
    await signedOut(meant.client);
    await caughtUp(two);
    expect([other.client.closed, sidless.client.closed]).toEqual([undefined, undefined]);
    await control({ sid: unique('session'), sub: user });
    await signedOut(sidless.client);
    expect(other.client.closed).toBeUndefined();
  });

  it('ends a session that has not sent CONNECT yet', async () => {
    const user = unique('alice');
    const headers = { authorization: `Bearer ${await installation.token(user)}` };
    const client = await installation.open(two.wsUrl, { socket: { headers } });
    await control({ user });
    await signedOut(client);
  });

  it('of the very second of a token ends its session and keeps it out, but no newer token', async () => {
    const user = unique('alice');
    const second = inSeconds(0);
    const { client, token } = await installation.signedIn(one, user, { iat: second });
    await control({ user, at: second });
    await signedOut(client);
    await caughtUp(two);
    for (const relay of [one, two]) {
      expect(await installation.handshake(relay, token)).toBe(REFUSED);
      expect(await installation.handshake(relay, await installation.token(user, { iat: second }))).toBe(
        '101',
      );
    }
  });

  it('that is none changes nothing, and is noted', async () => {
    const user = unique('alice');
    const { client } = await installation.signedIn(one, user);
    const before = installation.log.length;
    const bad = [
      '{broken',
      '',
      'null',
      '[]',
      JSON.stringify({ sub: user, all: true }),
      JSON.stringify({ sub: 7 }),
    ];
    for (const each of [...bad, 'x'.repeat(100_000)]) await control(each);
    await control({ sub: user }, { type: 'mark' });
    await caughtUp(one);
    await caughtUp(two);
    expect(client.closed).toBeUndefined();
    expect(installation.log.slice(before).match(/ignored a message on relay.control/g)).toHaveLength(14);
    expect(installation.log.slice(before)).not.toContain(user);
  });

  it('that is repeated does not end who has signed in since', async () => {
    const user = unique('alice');
    const revocation = { user, at: inSeconds(0) };
    await control(revocation);
    await caughtUp(one);
    const { client } = await installation.signedIn(one, user, { iat: inSeconds(0) });
    for (let i = 0; i < 3; i++) await control(revocation);
    await caughtUp(one);
    expect(client.closed).toBeUndefined();
  });
});

describe('what was revoked', () => {
  it('is known to relays that start later, in its order and with its time', async () => {
    const old = new Installation();
    try {
      let relays = [await old.relay(), await old.relay()];
      const [alice, bob, carol] = [unique('alice'), unique('bob'), unique('carol')];
      const tokens = [
        await old.token(alice, { jti: unique('token') }),
        await old.token(bob),
        await old.token(carol, { sid: unique('session') }),
      ];
      const claims = (token: string) =>
        JSON.parse(atob(token.split('.')[1] ?? '')) as { jti: string; sid: string };
      await control({ jti: claims(tokens[0] ?? '').jti });
      const [first] = relays;
      if (!first) throw new Error('no relay');
      await old.ask(first, 'DELETE', `/api/users/${bob}/sessions`, tokens[1] ?? '');
      await control({ sid: claims(tokens[2] ?? '').sid });
      const newer = await old.token(bob, { iat: inSeconds(0) });
      await Promise.all(relays.map((relay) => relay.close()));
      relays = await Promise.all([old.relay(), old.relay(), old.relay()]);
      for (const relay of relays) {
        for (const token of tokens) expect(await old.handshake(relay, token)).toBe(REFUSED);
        expect(await old.handshake(relay, newer)).toBe('101');
      }
    } finally {
      await old.close();
    }
  });

  it('without a time is dated by the relays that are there, and not taken for new by later ones', async () => {
    const user = unique('alice');
    const tap = await service.tap('relay.control', '');
    await control({ user });
    await waitFor(() => tap.bodies().some((body) => body.includes(user) && body.includes('"of"')), {
      what: 'the time of the revocation',
    });
    const second = inSeconds(1);
    await waitFor(() => inSeconds(0) > second, { what: 'the next second but one' });
    const { client, token } = await installation.signedIn(one, user, { iat: second });
    const third = await installation.relay();
    expect(await installation.handshake(third, token)).toBe('101');
    expect(await installation.handshake(third, await installation.token(user))).toBe(REFUSED);
    expect(client.closed).toBeUndefined();
    await third.close();
  });

  it('while a relay was away from the broker ends its sessions when it is back', async () => {
    const proxy = await CuttingProxy.open(broker().amqpUrl);
    const away = await installation.relay({ RABBITMQ_URL: proxy.url });
    try {
      const user = unique('alice');
      const { client, token } = await installation.signedIn(away, user);
      const kept = await installation.signedIn(away, unique('bob'));
      proxy.fail();
      await control({ user });
      await waitFor(async () => (await fetch(`${away.url}/readyz`)).status === 503, { what: 'the loss' });
      expect(client.closed).toBeUndefined();
      proxy.restore();
      const { code } = await client.over();
      expect(code).toBe(4411);
      expect(await installation.handshake(away, token)).toBe(REFUSED);
      expect(kept.client.closed).toBeUndefined();
    } finally {
      await away.close();
      await proxy.close();
    }
  });

  it('while the other relays cannot be told ends sessions here all the same, and says that it was not all', async () => {
    const proxy = await CuttingProxy.open(broker().amqpUrl);
    const away = await installation.relay({ RABBITMQ_URL: proxy.url });
    try {
      const user = unique('alice');
      const { client, token } = await installation.signedIn(away, user);
      proxy.fail();
      await waitFor(async () => (await fetch(`${away.url}/readyz`)).status === 503, { what: 'the loss' });
      const answer = await installation.ask(away, 'DELETE', `/api/users/${user}/sessions`, token);
      expect(answer.status).toBe(503);
      expect((await client.over()).code).toBe(4411);
      expect(await installation.handshake(away, token)).toBe(REFUSED);
    } finally {
      await away.close();
      await proxy.close();
    }
  });

  it('is counted', async () => {
    const page = await (await fetch(`${one.url}/metrics`)).text();
    expect(Number(/^relay_revocations (\d+)$/m.exec(page)?.[1])).toBeGreaterThan(5);
  });
});

it('leaves no token in any log', () => {
  expect(installation.leaked()).toEqual([]);
});
