import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { type Admission, openDoor } from '../../src/admission/admission.js';
import type { Identity, TokenVerifier } from '../../src/auth/identity.js';
import { createVerifier } from '../../src/auth/verifier.js';
import { DenialLog } from '../../src/denial-log.js';
import { Departure } from '../../src/departure.js';
import { AuthError, LimitError, RelayError } from '../../src/errors.js';
import { createClientOrigin } from '../../src/http/client-address.js';
import { createLogger } from '../../src/logger.js';
import { createUpgradeHandler } from '../../src/transport/accept.js';
import { WriteScheduler } from '../../src/transport/scheduler.js';
import type { OpenedTransport } from '../../src/transport/transport.js';
import { secretToken } from '../support/tokens.js';
import { waitFor } from '../support/wait.js';
import { Events } from './sockets.js';

const secret = 'a-secret-that-is-long-enough-for-HS256!';
const real = createVerifier({ secret });
let verifier: TokenVerifier = real;
let tickets: (ticket: string) => Promise<Identity> = unknownTicket;
let admission: Admission = openDoor;
const departure = new Departure();
let http: Server;
let port: number;
const refused: string[] = [];
const accepted: { transport: OpenedTransport; identity: Identity | undefined; events: Events }[] = [];
const opened: { destroy(): void }[] = [];

beforeAll(async () => {
  http = createServer((_request, response) => response.end('plain'));
  http.on(
    'upgrade',
    createUpgradeHandler({
      path: '/ws',
      sockjsPath: '/sockjs',
      scheduler: new WriteScheduler(),
      allowedOrigins: ['https://app.example'],
      clientOrigin: createClientOrigin(['loopback']),
      signIn: {
        withToken: (token) => verifier.verify(token),
        withTicket: (ticket) => tickets(ticket),
      },
      departure,
      admission: { enter: (address) => admission.enter(address) },
      maxFrameBytes: 1024,
      maxQueuedBytes: 1 << 20,
      denials: new DenialLog(createLogger('silent'), () => {}),
      onRefused: (reason) => refused.push(reason),
      onTransport: (transport, _seat, identity) => {
        const events = new Events();
        transport.attach(events);
        accepted.push({ transport, identity, events });
      },
    }),
  );
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  port = (http.address() as AddressInfo).port;
});
afterEach(() => {
  for (const each of opened.splice(0)) each.destroy();
  verifier = real;
  tickets = unknownTicket;
  admission = openDoor;
  accepted.length = 0;
  refused.length = 0;
});
afterAll(() => {
  http.close();
});

/** Takes one ticket, and notes all that it is shown. */
function takingTicket(good: string): string[] {
  const shown: string[] = [];
  tickets = async (ticket) => {
    shown.push(ticket);
    return ticket === good
      ? real.verify(await secretToken(secret, { sub: 'ticket-holder' }))
      : unknownTicket();
  };
  return shown;
}

async function unknownTicket(): Promise<Identity> {
  throw new AuthError('ERR_TICKET', 'the ticket is unknown');
}

interface Answer {
  status: number;
  protocol: string;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
  client: WebSocket;
}

async function ask(target: string, options: ClientOptions = {}, protocols = ['v12.stomp']): Promise<Answer> {
  const client = new WebSocket(`ws://127.0.0.1:${port}${target}`, protocols, options);
  opened.push({ destroy: () => client.terminate() });
  client.on('error', () => {});
  return new Promise((resolve) => {
    client.once('open', () =>
      resolve({ status: 101, protocol: client.protocol, headers: {}, body: '', client }),
    );
    client.once('unexpected-response', (_request, response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, protocol: '', headers: response.headers, body, client }),
      );
    });
  });
}

/** A TCP connection that has sent these lines of an upgrade and keeps its own half open whatever is answered. */
function rawUpgrade(target: string, ...headers: string[]): { socket: Socket; received: () => string } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  opened.push(socket);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.on('error', () => {});
  const lines = [
    `GET ${target} HTTP/1.1`,
    'Host: relay.example',
    'Connection: Upgrade',
    'Upgrade: websocket',
  ];
  lines.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', ...headers);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return { socket, received: () => text };
}

function tooMany(): never {
  throw new LimitError('ERR_TOO_MANY_SESSIONS', 'wait', 'RELAY_MAX_SESSIONS_PER_USER', 7.5);
}

describe('what is let in', () => {
  it('a client without a token: it is still to come', async () => {
    expect((await ask('/ws')).status).toBe(101);
    expect(accepted[0]?.identity).toBeUndefined();
  });

  it('a client with a good token, with the identity', async () => {
    const token = await secretToken(secret, { sub: 'alice' });
    expect((await ask(`/ws?access_token=${token}`)).status).toBe(101);
    expect(accepted[0]?.identity?.user).toBe('alice');
  });

  it('a page of a listed Origin', async () => {
    expect((await ask('/ws', { origin: 'https://app.example' })).status).toBe(101);
  });

  it.each([
    [['v10.stomp', 'v12.stomp', 'v11.stomp'], 'v12.stomp'],
    [['v11.stomp', 'v10.stomp'], 'v11.stomp'],
    [['v10.stomp'], 'v10.stomp'],
    [[], ''],
  ])('sub-protocols %j are answered with %j', async (offered, answer) => {
    expect((await ask('/ws', {}, offered)).protocol).toBe(answer);
  });

  it('never answers with the sub-protocol that is a token', async () => {
    const token = await secretToken(secret, { sub: 'alice' });
    const answer = await ask('/ws', {}, [`bearer.${token}`, 'v12.stomp']);
    expect([answer.status, answer.protocol]).toEqual([101, 'v12.stomp']);
    expect(accepted[0]?.identity?.user).toBe('alice');
  });

  it('agrees to no compression', async () => {
    const { client } = await ask('/ws', { perMessageDeflate: true });
    expect(client.extensions).toBe('');
  });

  it('is told the address, and what arrives with the handshake', async () => {
    const { client } = await ask('/ws');
    client.send('hello');
    await waitFor(() => accepted[0]?.events.data.length, { what: 'the data' });
    expect(accepted[0]?.events.data).toEqual(['hello']);
    expect(accepted[0]?.transport.address).toBe('127.0.0.1');
  });

  it('is told the address that the trusted proxy names, not one that the client claims', async () => {
    await ask('/ws', { headers: { 'x-forwarded-for': '192.0.2.66, 192.0.2.7' } });
    expect(accepted[0]?.transport.address).toBe('192.0.2.7');
  });

  it('a page of the own host, also when the trusted proxy rewrites Host', async () => {
    const headers = { host: 'upstream:8080', 'x-forwarded-host': 'relay.example' };
    expect((await ask('/ws', { origin: 'https://relay.example', headers })).status).toBe(101);
    expect((await ask('/ws', { origin: 'https://upstream:8080', headers })).status).toBe(403);
  });

  it('closes a message over the limit with 1009', async () => {
    const { client } = await ask('/ws');
    const closed = once(client, 'close');
    client.send(Buffer.alloc(2 * 1024 + 65_537));
    expect((await closed)[0]).toBe(1009);
  });
});

describe('what is refused', () => {
  it('another path: 404, and it says where the endpoint is', async () => {
    const answer = await ask('/websocket');
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'ERR_NOT_FOUND' } });
    expect(answer.body).toContain('/ws');
  });

  it('a foreign Origin: 403, before any token is looked at', async () => {
    let asked = 0;
    verifier = {
      verify: (token) => {
        asked++;
        return real.verify(token);
      },
    };
    const token = await secretToken(secret, { sub: 'alice' });
    const answer = await ask(`/ws?access_token=${token}`, { origin: 'https://evil.example' });
    expect(answer.status).toBe(403);
    expect(refused).toEqual(['ERR_ORIGIN']);
    expect(asked).toBe(0);
  });

  it('a bad token: 401, and the answer does not repeat it', async () => {
    const token = await secretToken('another-secret-that-is-long-enough-too!', { sub: 'alice' });
    const answer = await ask(`/ws?access_token=${token}`);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answer.body).not.toContain(token.slice(-20));
    expect(refused).toEqual([JSON.parse(answer.body).error.code]);
  });

  it.each([
    ['the keys cannot be had', new AuthError('ERR_KEYS_UNAVAILABLE', 'no keys', 'internal')],
    ['the unexpected', new Error('a secret detail')],
  ])('%s: 503 and a time to come back', async (_name, error) => {
    verifier = { verify: () => Promise.reject(error) };
    const answer = await ask('/ws?access_token=x');
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBeDefined();
    expect(answer.body).not.toContain('a secret detail');
  });

  it.each([
    ['an address', { enter: tooMany }],
    ['a user', { enter: () => ({ occupy: tooMany, leave() {} }) }],
  ])('too many of %s: 429 and a time to come back', async (_name, full) => {
    admission = full;
    const token = await secretToken(secret, { sub: 'alice' });
    const answer = await ask(`/ws?access_token=${token}`);
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '8']);
    expect(JSON.parse(answer.body)).toEqual({
      error: { code: 'ERR_TOO_MANY_SESSIONS', message: 'wait', requestId: answer.headers['x-request-id'] },
    });
    expect(refused).toEqual(['ERR_TOO_MANY_SESSIONS']);
    expect(accepted).toEqual([]);
  });

  it('a relay that is leaving: 503 and a time to come back, also when it began to leave meanwhile', async () => {
    verifier = {
      verify: (token) => {
        departure.stage = 'draining';
        return real.verify(token);
      },
    };
    const token = await secretToken(secret, { sub: 'alice' });
    try {
      for (const target of [`/ws?access_token=${token}`, '/ws']) {
        const { status, headers } = await ask(target);
        expect([status, headers['retry-after'], headers.connection]).toEqual([503, '1', 'close']);
      }
      expect(accepted).toEqual([]);
    } finally {
      departure.stage = 'serving';
    }
  });

  it('what is no WebSocket handshake: 400', async () => {
    const { received } = rawUpgrade('/ws', 'Sec-WebSocket-Key: too-short');
    await waitFor(() => received().startsWith('HTTP/1.1 400'), { what: 'the answer', timeout: 3000 });
  });

  it.each(['//', '//[', '/\\', 'http://['])(
    'a target that is no address, %s, without harm',
    async (target) => {
      const { received } = rawUpgrade(target);
      await waitFor(() => /^HTTP\/1\.1 4\d\d/.test(received()), { what: 'an answer 4xx', timeout: 3000 });
      expect((await ask('/ws')).status).toBe(101);
    },
  );

  it.each(['/elsewhere', '/ws?access_token=bad'])(
    'is gone, even when the client never closes its side: %s',
    async (target) => {
      const arrived = once(http, 'upgrade');
      const { received } = rawUpgrade(target);
      const [, server] = (await arrived) as [unknown, Socket];
      await waitFor(() => received().includes('HTTP/1.1 4'), { what: 'the answer' });
      await waitFor(() => server.destroyed, { what: 'the end of the connection', timeout: 3000 });
    },
  );

  it('that leaves while its token is checked is no transport', async () => {
    let finish = (_identity: Identity): void => {};
    verifier = {
      verify: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    };
    const arrived = once(http, 'upgrade');
    const { socket } = rawUpgrade('/ws?access_token=slow');
    const [, server] = (await arrived) as [unknown, Socket];
    socket.resetAndDestroy();
    await waitFor(() => server.destroyed, { what: 'the server to see that the client is gone' });
    finish({ user: 'alice', userWord: 'alice', claims: {}, expiresAt: undefined, tokenId: 'one' });
    expect((await ask('/ws')).status).toBe(101);
    expect(accepted).toHaveLength(1);
  });
});

describe('a seat', () => {
  /** Seats that nobody has given back. */
  let open: number;
  const counting: Admission = {
    enter() {
      open++;
      let left = false;
      return {
        occupy() {},
        leave() {
          if (!left) open--;
          left = true;
        },
      };
    },
  };
  const free = () =>
    waitFor(() => open === 0, { what: () => `${open} seats to be given back`, timeout: 3000 });

  it.each([
    ['with a bad token', () => ask('/ws?access_token=bad')],
    ['that is no WebSocket handshake', () => rawUpgrade('/ws', 'Sec-WebSocket-Key: too-short')],
    ['with a version that nobody knows', () => rawUpgrade('/ws', 'Sec-WebSocket-Version: 99')],
  ])('is given back after an upgrade %s', async (_name, upgrade) => {
    [admission, open] = [counting, 0];
    const asked = once(http, 'upgrade');
    await upgrade();
    await asked;
    await free();
  });

  it('is given back when the client goes while its token is checked', async () => {
    [admission, open] = [counting, 0];
    verifier = { verify: () => new Promise(() => {}) };
    const arrived = once(http, 'upgrade');
    const { socket } = rawUpgrade('/ws?access_token=slow');
    await arrived;
    expect(open).toBe(1);
    socket.resetAndDestroy();
    await free();
  });

  it('is given back when a connection ends, even if nobody looks after it', async () => {
    [admission, open] = [counting, 0];
    const { client } = await ask('/ws');
    expect(open).toBe(1);
    client.terminate();
    await free();
  });

  it('is never taken by what is refused before', async () => {
    [admission, open] = [counting, 0];
    await ask('/elsewhere');
    await ask('/ws', { origin: 'https://evil.example' });
    expect(open).toBe(0);
  });
});

describe('a ticket', () => {
  it.each(['/socket/abc', '/socket/abc?x=1', '/ws?ticket=abc', '/ws?x=1&ticket=abc'])(
    'is taken from %s',
    async (target) => {
      const shown = takingTicket('abc');
      expect((await ask(target)).status).toBe(101);
      expect(shown).toEqual(['abc']);
      expect(accepted[0]?.identity?.user).toBe('ticket-holder');
    },
  );

  it('comes after a token, and before the cookie', async () => {
    const shown = takingTicket('abc');
    const token = await secretToken(secret, { sub: 'alice' });
    await ask(`/ws?ticket=abc&token=${token}`);
    await ask('/ws?ticket=abc', {
      headers: { cookie: `relay_token=${token}`, origin: 'https://app.example' },
    });
    expect(accepted.map(({ identity }) => identity?.user)).toEqual(['alice', 'ticket-holder']);
    expect(shown).toEqual(['abc']);
  });

  it('alone counts at its own path, whatever token comes along', async () => {
    const shown = takingTicket('abc');
    const headers = { authorization: `Bearer ${await secretToken(secret, { sub: 'alice' })}` };
    expect((await ask('/socket/wrong', { headers })).status).toBe(401);
    expect((await ask('/socket/', { headers })).status).toBe(401);
    expect(shown).toEqual(['wrong', '']);
  });

  it('from a foreign page is refused before it is used up', async () => {
    const shown = takingTicket('abc');
    expect((await ask('/socket/abc', { headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect(shown).toEqual([]);
  });

  it('is looked for nowhere else', async () => {
    const shown = takingTicket('abc');
    for (const target of ['/socket', '/Socket/abc', '/x/socket/abc', '//socket/abc']) {
      expect([target, (await ask(target)).status]).toEqual([target, 404]);
    }
    expect(shown).toEqual([]);
  });

  it('that cannot be asked for now is answered with 503', async () => {
    tickets = () => Promise.reject(new RelayError('ERR_BROKER_UNAVAILABLE', 'away', 'brokerUnavailable'));
    const { status, headers, body } = await ask('/socket/abc');
    expect([status, headers['retry-after'], JSON.parse(body)]).toEqual([
      503,
      '5',
      { error: { code: 'ERR_BROKER_UNAVAILABLE', message: 'away', requestId: expect.any(String) } },
    ]);
  });
});
