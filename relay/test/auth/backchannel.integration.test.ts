import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOGOUT_EVENT } from '../../src/auth/logout-token.js';
import type { RawClient } from '../support/raw.js';
import { type TestRelay, unique } from '../support/relay.js';
import { type Claims, inSeconds } from '../support/tokens.js';
import { Installation } from './installation.js';

const ISSUER = 'https://id.example.com';
const SETTINGS = {
  RELAY_JWT_ISSUER: ISSUER,
  RELAY_JWT_AUDIENCE: 'relay',
  RELAY_LOGOUT_AUDIENCE: 'relay-client',
  RELAY_MAX_AUTH_FAILURES: '1000',
};

let installation: Installation;
let one: TestRelay;
let two: TestRelay;

beforeAll(async () => {
  installation = new Installation();
  [one, two] = await Promise.all([installation.relay(SETTINGS), installation.relay(SETTINGS)]);
});

afterAll(() => installation?.close());

const access = (user: string, claims: Claims = {}) =>
  installation.token(user, { iss: ISSUER, aud: 'relay', ...claims });

/** A logout token as the provider signs it; undefined takes a claim away. */
function logoutToken(claims: Record<string, unknown>): Promise<string> {
  const own = {
    iss: ISSUER,
    aud: 'relay-client',
    iat: inSeconds(0),
    exp: inSeconds(120),
    jti: unique('logout'),
  };
  return installation.token('nobody', { ...own, events: { [LOGOUT_EVENT]: {} }, ...claims } as Claims);
}

async function logout(relay: TestRelay, token: string): Promise<{ status: number; text: string }> {
  const body = new URLSearchParams({ logout_token: token });
  const response = await fetch(`${relay.url}/api/backchannel-logout`, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
}

async function signedIn(relay: TestRelay, user: string, claims: Claims = {}) {
  const token = await access(user, claims);
  return { token, client: await installation.connect(relay, token) };
}

async function signedOut(client: RawClient): Promise<void> {
  expect((await client.refused(1000)).code).toBe(4411);
}

describe('a logout token', () => {
  it('ends the session that it names at every relay, and no other of the user', async () => {
    const [user, sid] = [unique('alice'), unique('session')];
    const [here, there, other] = [
      await signedIn(one, user, { sid }),
      await signedIn(two, user, { sid }),
      await signedIn(two, user, { sid: unique('session') }),
    ];
    expect(await logout(one, await logoutToken({ sub: user, sid }))).toEqual({ status: 200, text: '' });
    await Promise.all([signedOut(here.client), signedOut(there.client)]);
    for (const relay of [one, two]) {
      expect(await installation.handshake(relay, here.token)).toBe('401 ERR_REVOKED');
      expect(await installation.handshake(relay, await access(user, { sid, iat: inSeconds(1) }))).toBe(
        '401 ERR_REVOKED',
      );
    }
    expect(other.client.closed).toBeUndefined();
  });

  it('without a session ends all of the user, and lets in who signs in again', async () => {
    const user = unique('alice');
    const clients = [await signedIn(one, user, { sid: unique('session') }), await signedIn(two, user)];
    expect((await logout(two, await logoutToken({ sub: user }))).status).toBe(200);
    await Promise.all(clients.map(({ client }) => signedOut(client)));
    expect(await installation.handshake(one, await access(user, { iat: inSeconds(0) }))).toBe('101');
  });

  it('ends also sessions that do not say which one of the user they are', async () => {
    const user = unique('alice');
    const { client } = await signedIn(two, user);
    await logout(one, await logoutToken({ sub: user, sid: unique('session') }));
    await signedOut(client);
  });

  it('counts once, and ends nothing that came later when another relay is shown it again', async () => {
    const user = unique('alice');
    const token = await logoutToken({ sub: user });
    const old = await access(user);
    expect((await logout(one, token)).status).toBe(200);
    // The other relay has heard of it: it would end a session that it finds, of the very second, when it hears later.
    await expect.poll(() => installation.handshake(two, old)).toBe('401 ERR_REVOKED');
    const { client } = await signedIn(two, user, { iat: inSeconds(0) });
    expect(await logout(one, token)).toMatchObject({
      status: 400,
      text: JSON.stringify({
        error: 'invalid_request',
        error_description: 'this logout token was used before',
      }),
    });
    expect((await logout(two, token)).status).toBe(200);
    // The answer comes when it is carried out.
    expect(client.closed).toBeUndefined();
  });

  it.each<[string, (user: string) => Promise<string>]>([
    ['an access token', (user) => access(user)],
    ['an access token for the client of the provider', (user) => access(user, { aud: 'relay-client' })],
    ['an ID token', (user) => logoutToken({ sub: user, nonce: 'n' })],
    ['one for somebody else', (user) => logoutToken({ sub: user, aud: 'shop' })],
    ['one for the API', (user) => logoutToken({ sub: user, aud: 'relay' })],
    ['one of another provider', (user) => logoutToken({ sub: user, iss: 'https://id.example.net' })],
    ['an old one', (user) => logoutToken({ sub: user, iat: inSeconds(-600) })],
    ['one that has ended', (user) => logoutToken({ sub: user, exp: inSeconds(-60) })],
    ['one without events', (user) => logoutToken({ sub: user, events: undefined })],
  ])('is not %s', async (_, make) => {
    const user = unique('alice');
    const { client } = await signedIn(one, user);
    const { status, text } = await logout(one, await make(user));
    expect([status, (JSON.parse(text) as { error: string }).error]).toEqual([400, 'invalid_request']);
    expect(client.closed).toBeUndefined();
    expect(await installation.handshake(one, await access(user))).toBe('101');
  });

  it('lets nobody in', async () => {
    const token = await logoutToken({ sub: unique('alice'), aud: ['relay', 'relay-client'] });
    expect(await installation.handshake(one, token)).toBe('401 ERR_TOKEN_TYPE');
    expect((await installation.connectFrame(one, token)).error.headers.code).toBe('ERR_TOKEN_TYPE');
    expect((await installation.ask(one, 'GET', '/api/unread', token)).status).toBe(401);
  });

  it('is in no log', () => {
    expect(installation.log).toContain('a logout token was refused');
    expect(installation.leaked()).toEqual([]);
  });
});
