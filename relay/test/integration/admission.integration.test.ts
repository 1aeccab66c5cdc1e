import { connect as connectTcp } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { closures } from '../../src/closures.js';
import { KeyServer, providerKey } from '../auth/key-server.js';
import { broker } from '../support/broker.js';
import { CountingProxy } from '../support/counting-proxy.js';
import { HandshakeRefused, type RawClient, type RawOptions } from '../support/raw.js';
import { startRelay, type TestRelay, unique } from '../support/relay.js';
import { type Claims, inSeconds, rsaKey, secretToken, unsignedToken } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';

const ISSUER = 'https://id.example.com';
const AUDIENCE = 'relay';
const FOREIGN = 'https://evil.example.net';
/** All refusals come from one address here. */
const MANY = '100000';
const key = rsaKey();
const stranger = rsaKey();

let relay: TestRelay;
/** Takes tokens of a shared secret and any Origin. */
let open: TestRelay;
let webStomp: CountingProxy;
let amqp: CountingProxy;
/** The connections of a relay that nobody uses. */
let atRest: number;

beforeAll(async () => {
  const { webStompUrl, amqpUrl } = broker();
  [webStomp, amqp] = await Promise.all([CountingProxy.open(webStompUrl), CountingProxy.open(amqpUrl)]);
  [relay, open] = await Promise.all([
    startRelay({
      RELAY_JWT_SECRET: '',
      RELAY_JWT_PUBLIC_KEY: key.publicPem,
      RELAY_JWT_ISSUER: ISSUER,
      RELAY_JWT_AUDIENCE: AUDIENCE,
      RELAY_ALLOWED_ORIGINS: 'https://app.example.com',
      RELAY_MAX_AUTH_FAILURES: MANY,
      RABBITMQ_WEB_STOMP_URL: webStomp.url,
      RABBITMQ_URL: amqp.url,
    }),
    startRelay({ RELAY_ALLOWED_ORIGINS: '*', RELAY_MAX_AUTH_FAILURES: MANY }),
  ]);
  atRest = brokerConnections();
});

afterAll(async () => {
  await Promise.all([relay?.close(), open?.close()]);
  await Promise.all([webStomp?.close(), amqp?.close()]);
});

afterEach((context) => {
  if (context.task.meta.opensNothing) expect(brokerConnections(), 'connections to the broker').toBe(atRest);
});

declare module 'vitest' {
  interface TaskMeta {
    /** The relay must not have touched the broker in this test. */
    opensNothing?: boolean;
  }
}

function brokerConnections(): number {
  return webStomp.connections + amqp.connections;
}

function claims(more: Claims = {}): Claims {
  return { sub: unique('alice'), iss: ISSUER, aud: AUDIENCE, ...more };
}

function goodToken(more: Claims = {}): Promise<string> {
  return key.sign(claims(more));
}

/** Each kind of token that must not get in, with the code of the refusal. */
const badTokens: [string, () => Promise<string> | string, string][] = [
  ['a bad signature', () => stranger.sign(claims()), 'ERR_TOKEN_SIGNATURE'],
  ['a changed payload', changedPayload, 'ERR_TOKEN_SIGNATURE'],
  ['another audience', () => goodToken({ aud: 'shop' }), 'ERR_TOKEN_AUDIENCE'],
  ['no audience', () => key.sign({ sub: 'alice', iss: ISSUER }), 'ERR_TOKEN_AUDIENCE'],
  ['another issuer', () => goodToken({ iss: 'https://id.example.net' }), 'ERR_TOKEN_ISSUER'],
  ['no issuer', () => key.sign({ sub: 'alice', aud: AUDIENCE }), 'ERR_TOKEN_ISSUER'],
  ['an end in the past', () => goodToken({ exp: inSeconds(-60) }), 'ERR_TOKEN_EXPIRED'],
  ['a beginning in the future', () => goodToken({ nbf: inSeconds(600) }), 'ERR_TOKEN_NOT_YET'],
  ['alg none', () => unsignedToken(claims()), 'ERR_TOKEN_ALGORITHM'],
  ['HS256 with the public key as secret', () => secretToken(key.publicPem, claims()), 'ERR_TOKEN_ALGORITHM'],
  [
    'HS256 with the trimmed public key as secret',
    () => secretToken(key.publicPem.trim(), claims()),
    'ERR_TOKEN_ALGORITHM',
  ],
  ['no user', () => key.sign({ iss: ISSUER, aud: AUDIENCE }), 'ERR_TOKEN_USER'],
  ['an empty user', () => goodToken({ sub: '' }), 'ERR_TOKEN_USER'],
  ['a user with a line end in the name', () => goodToken({ sub: 'a\nrelay-user:admin' }), 'ERR_TOKEN_USER'],
  ['no JWT', () => 'guest', 'ERR_TOKEN_MALFORMED'],
];

async function changedPayload(): Promise<string> {
  const [head, , signature] = (await goodToken()).split('.');
  const other = Buffer.from(JSON.stringify({ ...claims({ sub: 'admin' }), exp: inSeconds(600) }));
  return `${head}.${other.toString('base64url')}.${signature}`;
}

/** Every way to bring a token to the handshake. */
const handshakeSources: [string, (token: string) => RawOptions & { query?: string }][] = [
  ['Authorization: Bearer', (token) => withHeaders({ authorization: `Bearer ${token}` })],
  ['Authorization: bearer (lower case)', (token) => withHeaders({ authorization: `bearer ${token}` })],
  ['the sub-protocol', (token) => ({ protocols: ['v12.stomp', `bearer.${token}`] })],
  ['?access_token=', (token) => ({ query: `?access_token=${encodeURIComponent(token)}` })],
  ['?token=', (token) => ({ query: `?x=1&token=${encodeURIComponent(token)}` })],
  [
    'the cookie of a listed Origin',
    (token) => withHeaders({ cookie: `a=b; relay_token=${token}`, origin: 'https://app.example.com' }),
  ],
];

/** Every way to bring a token in the CONNECT frame. */
const connectSources: [string, (token: string) => Record<string, string>][] = [
  ['Authorization: Bearer', (token) => ({ Authorization: `Bearer ${token}` })],
  ['authorization (lower case)', (token) => ({ authorization: `Bearer ${token}` })],
  ['Authorization, bare', (token) => ({ Authorization: token })],
  ['X-Authorization', (token) => ({ 'X-Authorization': `Bearer ${token}` })],
  ['x-authorization, bare', (token) => ({ 'x-authorization': token })],
  ['X-Auth-Token', (token) => ({ 'X-Auth-Token': token })],
  ['passcode', (token) => ({ login: 'anyone', passcode: token })],
  [
    'Authorization, beside guest/guest',
    (token) => ({ login: 'guest', passcode: 'guest', Authorization: token }),
  ],
];

function withHeaders(headers: Record<string, string>): RawOptions {
  return { socket: { headers } };
}

function shakeHands(to: TestRelay, { query = '', ...options }: RawOptions & { query?: string }) {
  return to.anonymous(options, query);
}

/** How the handshake is refused; fails when it is not. */
async function handshakeRefusal(to: TestRelay, options: RawOptions & { query?: string }) {
  const refusal = await shakeHands(to, options).then(
    () => new Error('the handshake was accepted'),
    (error: unknown) => error,
  );
  if (!(refusal instanceof HandshakeRefused)) throw refusal;
  return { status: refusal.status, error: (JSON.parse(refusal.body) as { error: { code: string } }).error };
}

/** How CONNECT with these headers is refused. */
async function connectRefusal(client: RawClient, headers: Record<string, string>) {
  client.send('CONNECT', { 'accept-version': '1.2', host: '/', ...headers });
  return client.refused();
}

const nothing = { meta: { opensNothing: true } };

describe('a bad token', () => {
  describe.each(badTokens)('with %s', (_name, make, code) => {
    it.each(handshakeSources)(
      'is answered with 401 at the handshake: %s',
      nothing,
      async (_source, options) => {
        const token = await make();
        const { status, error } = await handshakeRefusal(relay, options(token));
        expect([status, error.code]).toEqual([401, code]);
        expect(JSON.stringify(error)).not.toContain(token);
      },
    );

    it.each(connectSources)(
      'is answered with ERROR and a close in CONNECT: %s',
      nothing,
      async (_s, headers) => {
        const token = await make();
        const refusal = await connectRefusal(await relay.anonymous(), headers(token));
        const closure = code === 'ERR_TOKEN_EXPIRED' ? closures.tokenExpired : closures.unauthorized;
        expect([refusal.error.headers.code, refusal.code]).toEqual([code, closure.code]);
        expect(refusal.error.headers.message).toBeTruthy();
        expect(JSON.stringify(refusal.error)).not.toContain(token);
      },
    );
  });
});

describe('without a token', () => {
  it('the handshake works and CONNECT is refused', nothing, async () => {
    const refusal = await connectRefusal(await relay.anonymous(), {});
    expect([refusal.error.headers.code, refusal.code]).toEqual([
      'ERR_TOKEN_MISSING',
      closures.unauthorized.code,
    ]);
  });

  it('guest and guest are refused', nothing, async () => {
    const refusal = await connectRefusal(await relay.anonymous(), { login: 'guest', passcode: 'guest' });
    expect(refusal.code).toBe(closures.unauthorized.code);
  });

  it('no frame that follows the refused CONNECT is looked at', nothing, async () => {
    const client = await relay.anonymous();
    client.write(
      'CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:1\ndestination:/queue/x\n\n\0SEND\ndestination:/queue/x\n\nx\0',
    );
    await client.refused();
    expect(client.frames.map(({ command }) => command)).toEqual(['ERROR']);
  });

  it('frames other than CONNECT are refused', nothing, async () => {
    const client = await relay.anonymous();
    client.send('SUBSCRIBE', { id: '1', destination: '/queue/x' });
    expect((await client.refused()).code).toBe(closures.protocolError.code);
  });
});

describe('the Origin', () => {
  it.each([
    FOREIGN,
    'null',
    'https://app.example.com.evil.example.net',
    'http://app.example.com',
    'https://',
  ])('of a foreign page is refused with 403, good token or not: %s', nothing, async (origin) => {
    const token = await goodToken();
    for (const options of [
      withHeaders({ origin }),
      withHeaders({ origin, authorization: `Bearer ${token}` }),
      withHeaders({ origin, cookie: `relay_token=${token}` }),
      { ...withHeaders({ origin }), query: `?token=${token}` },
    ]) {
      const { status, error } = await handshakeRefusal(relay, options);
      expect([status, error.code]).toEqual([403, 'ERR_ORIGIN']);
    }
  });

  it('of the own host and of listed pages may connect, and so may who sends none', nothing, async () => {
    for (const headers of [{ origin: relay.url }, { origin: 'https://app.example.com' }, {}]) {
      const client = await relay.anonymous(withHeaders(headers));
      await client.connect({ Authorization: await goodToken() });
    }
  });

  it.each([
    ['a page that only * lets in', { origin: FOREIGN }],
    ['a sandboxed page', { origin: 'null' }],
    ['no page at all', {}],
  ])('must be listed or the own host for the cookie to count: %s', async (_name, headers) => {
    const cookie = `relay_token=${await open.token('alice')}`;
    const client = await open.anonymous(withHeaders({ ...headers, cookie }));
    const refusal = await connectRefusal(client, {});
    expect([refusal.error.headers.code, refusal.code]).toEqual([
      'ERR_TOKEN_MISSING',
      closures.unauthorized.code,
    ]);
  });

  it('of the own host may use the cookie', async () => {
    const user = unique('alice');
    const cookie = `relay_token=${await open.token(user)}`;
    const client = await open.anonymous(withHeaders({ cookie, origin: open.url }));
    expect((await client.connect()).headers['user-name']).toBe(user);
  });
});

describe('a good token', () => {
  it.each(handshakeSources)(
    'at the handshake signs in, whatever CONNECT says: %s',
    async (_name, options) => {
      const sub = unique('alice');
      const client = await shakeHands(relay, options(await goodToken({ sub })));
      const connected = await client.connect({ login: 'guest', passcode: 'guest', host: 'nowhere' });
      expect(connected.headers['user-name']).toBe(sub);
      expect(client.socket.protocol).toBe('v12.stomp');
    },
  );

  it.each(connectSources)('in CONNECT signs in: %s', async (_name, headers) => {
    const sub = unique('alice');
    const client = await relay.anonymous();
    expect((await client.connect(headers(await goodToken({ sub })))).headers['user-name']).toBe(sub);
  });

  it('is taken from the first place that has one', async () => {
    const [first, second] = [unique('first'), unique('second')];
    const [one, two] = [await goodToken({ sub: first }), await goodToken({ sub: second })];
    const client = await relay.anonymous({
      protocols: ['v12.stomp', `bearer.${two}`],
      ...withHeaders({ authorization: `Bearer ${one}` }),
    });
    const connected = await client.connect({ Authorization: two, passcode: two });
    expect(connected.headers['user-name']).toBe(first);
    const inFrame = await relay.anonymous();
    const headers = { passcode: two, 'X-Authorization': one };
    expect((await inFrame.connect(headers)).headers['user-name']).toBe(first);
  });

  it('makes no connection to the broker for users and topics, and one for what needs its own', async () => {
    const before = brokerConnections();
    const client = await relay.anonymous(withHeaders({ authorization: `Bearer ${await goodToken()}` }));
    await client.connect();
    await client.subscribed('u', '/user/topic/reply');
    await client.subscribed('t', `/topic/${unique('news')}`);
    expect(brokerConnections()).toBe(before);
    await client.subscribed('q', `/queue/${unique('work')}`);
    expect(brokerConnections()).toBe(before + 1);
    atRest = brokerConnections();
  });
});

describe('a token that ends', () => {
  it.each([
    ['at the handshake', true],
    ['in CONNECT', false],
  ])('ends the session with 4410, silent or not (%s)', async (_name, atHandshake) => {
    const exp = inSeconds(2);
    const clients = await Promise.all(
      [0, 1].map(async () => {
        const token = await goodToken({ exp });
        const client = await relay.anonymous(
          atHandshake ? withHeaders({ authorization: `Bearer ${token}` }) : {},
        );
        await client.connect(atHandshake ? {} : { Authorization: token });
        return client;
      }),
    );
    const [silent, busy] = clients;
    if (!silent || !busy) throw new Error('a client is missing');
    const talk = setInterval(() => busy.write('\n'), 50);
    try {
      for (const client of [silent, busy]) {
        const { error, code } = await client.refused();
        expect([error.headers.code, code]).toEqual(['ERR_TOKEN_EXPIRED', closures.tokenExpired.code]);
        expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
      }
    } finally {
      clearInterval(talk);
    }
  });

  it('ends a session that has not sent CONNECT yet', async () => {
    const token = await goodToken({ exp: inSeconds(1) });
    const client = await relay.anonymous(withHeaders({ authorization: `Bearer ${token}` }));
    expect((await client.over()).code).toBe(closures.tokenExpired.code);
  });
});

describe('requests that are no good', () => {
  it.each(['/', '/other', '/ws/', '/ws/x', '/WS'])('for another path get 404: %s', nothing, async (path) => {
    const { status } = await upgradeBy(path);
    expect(status).toBe(404);
  });

  it.each(['//', '//[', '/\\', 'http://[/ws', '//a:b/ws'])(
    'for what is no URL are refused and hurt nobody: %s',
    nothing,
    async (target) => {
      const { status } = await upgradeBy(target);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
      const client = await relay.anonymous();
      await client.connect({ Authorization: await goodToken() });
    },
  );
});

/** An upgrade request with this target, written by hand. */
async function upgradeBy(target: string): Promise<{ status: number }> {
  const { hostname, port, host } = new URL(relay.url);
  const socket = connectTcp(Number(port), hostname);
  let answer = '';
  let ended = false;
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    ended = true;
  });
  const lines = [
    `GET ${target} HTTP/1.1`,
    `Host: ${host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  try {
    await waitFor(() => answer.includes('\r\n\r\n') || ended, { what: 'an answer', timeout: 3000 });
  } finally {
    socket.destroy();
  }
  return { status: Number(answer.split(' ')[1]) };
}

describe('keys from a JWKS address', () => {
  it('are fetched, and fetched again after a rotation', async () => {
    const server = new KeyServer();
    await server.start();
    const [old, fresh, foreign] = [providerKey('old'), providerKey('new', 'RS256'), providerKey('old')];
    server.keys = [old.publicJwk];
    const rotating = await startRelay({ RELAY_JWT_SECRET: '', RELAY_JWKS_URL: server.url });
    try {
      const signIn = async (token: string) =>
        (await rotating.anonymous(withHeaders({ authorization: `Bearer ${token}` }))).connect();
      const sub = unique('alice');
      expect((await signIn(await old.sign({ sub }))).headers['user-name']).toBe(sub);
      const forged = await foreign.sign({ sub });
      const refusal = await handshakeRefusal(rotating, withHeaders({ authorization: `Bearer ${forged}` }));
      expect([refusal.status, refusal.error.code]).toEqual([401, 'ERR_TOKEN_SIGNATURE']);

      server.keys = [fresh.publicJwk];
      const next = await fresh.sign({ sub });
      const connected = await waitFor(() => signIn(next).catch(() => undefined), {
        what: 'the new key',
        interval: 250,
      });
      expect(connected.headers['user-name']).toBe(sub);
      const spent = await handshakeRefusal(
        rotating,
        withHeaders({ authorization: `Bearer ${await old.sign({ sub })}` }),
      );
      expect(spent.status).toBe(401);
      // Whoever keeps coming with unknown keys does not make the relay ask for each of them.
      expect(server.requests).toBeLessThanOrEqual(3);
    } finally {
      await rotating.close();
      await server.stop();
    }
  });

  it('that cannot be had are no fault of the client: 503 at the handshake, 1011 in CONNECT', async () => {
    const server = new KeyServer();
    await server.start();
    server.answer = (response) => response.writeHead(500).end();
    const keyless = await startRelay({ RELAY_JWT_SECRET: '', RELAY_JWKS_URL: server.url });
    try {
      const token = await providerKey('any').sign({ sub: 'alice' });
      const refusal = await handshakeRefusal(keyless, withHeaders({ authorization: `Bearer ${token}` }));
      expect(refusal.status).toBe(503);
      const inFrame = await connectRefusal(await keyless.anonymous(), { Authorization: token });
      expect(inFrame.code).toBe(closures.internal.code);
    } finally {
      await keyless.close();
      await server.stop();
    }
  });
});
