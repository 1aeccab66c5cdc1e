import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { HandshakeRefused, type RawClient, type RawOptions } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import type { Claims } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

let relay: TestRelay;
afterEach(() => relay?.close());

/** A connection that has shown its token at the handshake, or how that was refused: status and code. */
async function atHandshake(user: string, claims: Claims = {}): Promise<RawClient | [number, string]> {
  const authorization = `Bearer ${await relay.token(user, claims)}`;
  return open({ socket: { headers: { authorization } } });
}

async function open(options: RawOptions = {}): Promise<RawClient | [number, string]> {
  try {
    return await relay.anonymous(options);
  } catch (error) {
    if (!(error instanceof HandshakeRefused)) throw error;
    const { code } = (JSON.parse(error.body) as { error: { code: string } }).error;
    return [error.status, code];
  }
}

/** How CONNECT with the token of this user is refused. */
async function inConnect(user: string, claims: Claims = {}) {
  const client = await relay.anonymous();
  const Authorization = await relay.token(user, claims);
  client.send('CONNECT', { 'accept-version': '1.2', host: '/', Authorization });
  const { error, code } = await client.refused();
  return { code, error: error.headers.code, retryAfter: Number(error.headers['retry-after']) };
}

const isIn = (outcome: RawClient | [number, string]) => !Array.isArray(outcome);

async function metric(line: RegExp): Promise<string | undefined> {
  const response = await fetch(`${relay.url}/metrics`);
  return line.exec(await response.text())?.[1];
}

const refusals = async (limit: string) =>
  Number(await metric(new RegExp(`^relay_limits_total\\{limit="${limit}"\\} (\\d+)`, 'm')));

describe('too many connections of an address', () => {
  it('are refused at the handshake until one has gone', async () => {
    relay = await startRelay({ RELAY_MAX_SESSIONS_PER_ADDRESS: '3' });
    const [first] = [await open(), await open(), await open()];
    expect(await open()).toEqual([429, 'ERR_TOO_MANY_CONNECTIONS']);
    expect(await refusals('RELAY_MAX_SESSIONS_PER_ADDRESS')).toBe(1);
    (first as RawClient).destroy();
    await waitFor(async () => isIn(await open()), { what: 'a free place' });
  });

  it('are those of the client, where a trusted proxy says who it is', async () => {
    relay = await startRelay({ RELAY_MAX_SESSIONS_PER_ADDRESS: '1', RELAY_TRUSTED_PROXIES: 'loopback' });
    const from = (address: string) => open({ socket: { headers: { 'x-forwarded-for': address } } });
    expect(isIn(await from('192.0.2.1'))).toBe(true);
    expect(isIn(await from('192.0.2.2'))).toBe(true);
    expect(await from('192.0.2.1')).toEqual([429, 'ERR_TOO_MANY_CONNECTIONS']);
  });

  it('are those of the proxy, where nobody trusts it', async () => {
    relay = await startRelay({ RELAY_MAX_SESSIONS_PER_ADDRESS: '1' });
    const from = (address: string) => open({ socket: { headers: { 'x-forwarded-for': address } } });
    expect(isIn(await from('192.0.2.1'))).toBe(true);
    expect(await from('192.0.2.2')).toEqual([429, 'ERR_TOO_MANY_CONNECTIONS']);
  });
});

describe('too many sessions of a user', () => {
  it('are refused where the token is: at the handshake, or in CONNECT with the time to come back', async () => {
    relay = await startRelay({ RELAY_MAX_SESSIONS_PER_USER: '2' });
    const [first] = [await atHandshake('alice'), await atHandshake('alice')];
    expect(await atHandshake('alice')).toEqual([429, 'ERR_TOO_MANY_SESSIONS']);
    expect(await inConnect('alice')).toEqual({
      code: closures.tooEarly.code,
      error: 'ERR_TOO_MANY_SESSIONS',
      retryAfter: expect.toSatisfy((seconds) => seconds >= 5 && seconds <= 15),
    });
    expect(await refusals('RELAY_MAX_SESSIONS_PER_USER')).toBe(2);
    await (await relay.stomp('bob')).client.deactivate();

    (first as RawClient).destroy();
    await waitFor(async () => isIn(await atHandshake('alice')), { what: 'a free place' });
  });

  it('may be sessions that nobody has any more: their places are free once the relay knows', async () => {
    relay = await startRelay({
      RELAY_MAX_SESSIONS_PER_USER: '1',
      RELAY_PING_INTERVAL: '1000',
      RELAY_CONFIRM_TIMEOUT: '1000',
    });
    const vanished = await relay.connected('alice', { socket: { autoPong: false } });
    expect(await atHandshake('alice')).toEqual([429, 'ERR_TOO_MANY_SESSIONS']);
    await waitFor(async () => isIn(await atHandshake('alice')), {
      what: 'the place of the one that vanished',
    });
    expect((await vanished.over()).code).not.toBe(1000);
  });

  it('are not those that failed on the way, in whatever way', async () => {
    relay = await startRelay({ RELAY_MAX_SESSIONS_PER_USER: '1', RELAY_CONNECT_TIMEOUT: '300' });
    const user = unique('alice');
    const endings: ((client: RawClient) => unknown)[] = [
      (client) => client.destroy(),
      (client) => client.socket.close(),
      (client) => client.write('NONSENSE\n\n\0'),
      (client) => client.write(Buffer.alloc(4 * 1024 * 1024)),
      (client) => client.send('DISCONNECT'),
      (client) => client.connect().then(() => client.send('DISCONNECT', { receipt: 'bye' })),
      (client) => client.connect().then(() => client.destroy()),
      (client) => client.send('CONNECT', { 'accept-version': '9.9' }),
      // Says nothing, and is closed for it.
      () => {},
    ];
    for (const end of endings) {
      const client = await waitFor(
        async () => {
          const outcome = await atHandshake(user);
          return Array.isArray(outcome) ? undefined : outcome;
        },
        { what: `the place to be free before ${end}` },
      );
      await end(client);
    }
    await waitFor(async () => isIn(await atHandshake(user)), { what: 'the place to be free at the end' });
  });
});

describe('too many sessions of a tenant', () => {
  it('are refused, whoever they are; other tenants and users of none are not', async () => {
    relay = await startRelay({ RELAY_MAX_SESSIONS_PER_TENANT: '2', RELAY_TENANT_CLAIM: 'org.id' });
    const of = (id: unknown) => ({ org: { id } });
    await atHandshake('alice', of('acme'));
    await atHandshake('bob', of('acme'));
    expect(await atHandshake('carol', of('acme'))).toEqual([429, 'ERR_TOO_MANY_SESSIONS']);
    expect(await inConnect('carol', of('acme'))).toMatchObject({ code: closures.tooEarly.code });
    expect(isIn(await atHandshake('carol', of('globex')))).toBe(true);
    for (const none of [of(''), of(null), of(['acme']), {}, {}]) {
      expect(isIn(await atHandshake('dave', none))).toBe(true);
    }
    expect(await refusals('RELAY_MAX_SESSIONS_PER_TENANT')).toBe(2);
  });
});

describe('a socket', () => {
  it.each([
    ['says nothing', ''],
    ['does not finish its upgrade', 'GET /ws HTTP/1.1\r\nHost: relay.example\r\nUpgrade: websocket\r\n'],
  ])('that %s is closed after RELAY_HTTP_TIMEOUT', async (_name, head) => {
    relay = await startRelay({ RELAY_HTTP_TIMEOUT: '300' });
    const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
    let gone = false;
    socket.on('close', () => {
      gone = true;
    });
    socket.on('error', () => {});
    socket.resume();
    socket.write(head);
    try {
      await waitFor(() => gone, { what: 'the close', timeout: 5000 });
    } finally {
      socket.destroy();
    }
  });
});

describe('too many sockets', () => {
  it('leave room for HTTP before they are closed without an answer', async () => {
    // Of 100, the last is for plain HTTP.
    relay = await startRelay({ RELAY_MAX_CONNECTIONS: '100' });
    for (let index = 0; index < 99; index++) expect(isIn(await open())).toBe(true);
    expect(await open()).toEqual([429, 'ERR_TOO_MANY_CONNECTIONS']);
    const answer = (path: string) =>
      waitFor(() => fetch(relay.url + path, { headers: { connection: 'close' } }).catch(() => undefined), {
        what: 'the place of the one before',
      });
    expect((await answer('/healthz')).status).toBe(200);
    expect(await (await answer('/metrics')).text()).toMatch(
      /^relay_limits_total\{limit="RELAY_MAX_CONNECTIONS"\} [1-9]/m,
    );
  });
});

it('leaves no session behind', async () => {
  relay = await startRelay({
    RELAY_MAX_SESSIONS_PER_USER: '5',
    RELAY_CONNECT_RATE: '10',
    RELAY_CONNECT_BURST: '10',
  });
  const clients = await Promise.all(Array.from({ length: 30 }, () => atHandshake('alice')));
  expect(clients.filter(isIn)).toHaveLength(5);
  for (const client of clients) if (!Array.isArray(client)) client.destroy();
  await waitFor(async () => (await metric(/^relay_sessions (\d+)/m)) === '0', { what: 'no session' });
});
