import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Service } from '../../support/amqp.js';
import { type TestRelay, unique } from '../../support/relay.js';
import { HttpWire } from '../../support/sockjs-wire.js';
import { metric } from '../../support/unread.js';
import { waitFor } from '../../support/wait.js';
import { World } from '../../support/world.js';
import { type Asked, ask, connectFrame, newSession } from './requests.js';

const APP = 'https://app.example';
const EVIL = 'https://evil.example';

const world = new World();
let relay: TestRelay;
/** Lets in any Origin. */
let open: TestRelay;
let service: Service;

beforeAll(async () => {
  [relay, open, service] = await Promise.all([
    world.relay({ RELAY_ALLOWED_ORIGINS: `${APP},https://*.apps.example` }),
    world.relay({ RELAY_ALLOWED_ORIGINS: `*,null,${APP}` }),
    world.service(),
  ]);
});
afterAll(() => world.close());

const post = (url: string, { headers, ...rest }: Asked = {}) =>
  ask(url, { method: 'POST', ...rest, headers: { 'content-type': 'text/plain', ...headers } });

/** Opens a session by a poll. */
async function opened(at: TestRelay, headers: Record<string, string> = {}): Promise<string> {
  const session = newSession(at.sockjsUrl);
  const { status, text } = await post(`${session}/xhr`, { headers });
  if (status !== 200 || text !== 'o\n') throw new Error(`HTTP ${status} ${text}`);
  return session;
}

const send = (session: string, frames: string, headers: Record<string, string> = {}) =>
  post(`${session}/xhr_send`, { body: JSON.stringify([frames]), headers });

describe('a page', () => {
  const addresses: [string, string][] = [
    ['GET', '/info'],
    ['GET', '/iframe.html'],
    ['POST', '/000/abcdefgh/xhr'],
    ['POST', '/000/abcdefgh/xhr_streaming'],
    ['POST', '/000/abcdefgh/xhr_send'],
    ['GET', '/000/abcdefgh/eventsource'],
    ['GET', '/000/abcdefgh/htmlfile?c=a'],
    ['GET', '/000/abcdefgh/jsonp?c=a'],
    ['POST', '/000/abcdefgh/jsonp_send'],
    ['OPTIONS', '/000/abcdefgh/xhr'],
  ];

  it.each(addresses)('of a foreign Origin is refused and told nothing: %s %s', async (method, path) => {
    const authorization = `Bearer ${await relay.token('alice')}`;
    for (const origin of [EVIL, 'null', 'https://app.example.evil.example']) {
      const { status, headers } = await ask(relay.sockjsUrl + path, {
        method,
        headers: { origin, authorization },
      });
      expect(status).toBe(403);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    expect(await metric(relay, 'relay_sessions')).toBe(0);
  });

  it.each([APP, 'https://one.apps.example'])('of a listed Origin may ask and read: %s', async (origin) => {
    const preflight = await ask(`${newSession(relay.sockjsUrl)}/xhr`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-headers': 'x-evil' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toBe('Authorization, Content-Type');
    for (const path of ['/xhr', '/xhr_streaming', '/eventsource']) {
      const method = path === '/eventsource' ? 'GET' : 'POST';
      const { status, headers } = await ask(newSession(relay.sockjsUrl) + path, {
        method,
        headers: { origin },
        headOnly: true,
      });
      expect(status).toBe(200);
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(headers['access-control-allow-credentials']).toBe('true');
      expect(headers.vary).toContain('Origin');
    }
  });

  /** The visitor's cookie has a good token: does it sign in a page with these headers? */
  async function cookieCounts(at: TestRelay, headers: Record<string, string>, how = 'xhr'): Promise<boolean> {
    const cookie = `relay_token=${await at.token(unique('visitor'))}`;
    const session = newSession(at.sockjsUrl);
    const path = how === 'jsonp' ? 'jsonp?c=a' : how;
    const method = how === 'jsonp' ? 'GET' : 'POST';
    await ask(`${session}/${path}`, { method, headers: { cookie, ...headers } });
    // Opened with a token, it answers nobody without one.
    const { status } = await send(session, '\n');
    expect([204, 401]).toContain(status);
    return status === 401;
  }

  it('of a listed Origin or the own host signs in by cookie', async () => {
    expect(await cookieCounts(relay, { origin: APP })).toBe(true);
    expect(await cookieCounts(relay, { origin: new URL(relay.url).origin })).toBe(true);
    expect(await cookieCounts(open, { origin: APP })).toBe(true);
  });

  it('of the own host does so by scripts, streams and forms, which bring no Origin', async () => {
    expect(await cookieCounts(relay, { 'sec-fetch-site': 'same-origin' }, 'jsonp')).toBe(true);
    expect(await cookieCounts(relay, { 'sec-fetch-site': 'same-origin', origin: 'null' })).toBe(true);
  });

  it('that any Origin is let in with, or a script in a foreign one, has no use of the cookie', async () => {
    expect(await cookieCounts(open, { origin: EVIL })).toBe(false);
    expect(await cookieCounts(open, { origin: 'null' })).toBe(false);
    expect(await cookieCounts(open, { origin: 'null', 'sec-fetch-site': 'cross-site' })).toBe(false);
    expect(await cookieCounts(relay, { 'sec-fetch-site': 'cross-site' }, 'jsonp')).toBe(false);
    expect(await cookieCounts(relay, { 'sec-fetch-site': 'same-site' }, 'jsonp')).toBe(false);
    expect(await cookieCounts(relay, {}, 'jsonp')).toBe(false);
  });

  it('may show the iframe when it is listed, and never just because any Origin may connect', async () => {
    for (const [at, ancestors] of [
      [relay, `frame-ancestors 'self' ${APP} https://*.apps.example`],
      [open, `frame-ancestors 'self' ${APP}`],
    ] as const) {
      for (const path of ['/iframe.html', '/000/abcdefgh/htmlfile?c=a']) {
        const { headers } = await ask(at.sockjsUrl + path, { headOnly: true });
        const policy = String(headers['content-security-policy']);
        expect(policy.endsWith(ancestors)).toBe(true);
        expect(policy).not.toContain('unsafe');
        expect(headers['x-frame-options']).toBeUndefined();
      }
    }
    expect((await ask(`${relay.url}/healthz`)).headers['x-frame-options']).toBe('SAMEORIGIN');
  });

  it('finds what the iframe needs here, and nothing on other hosts', async () => {
    const page = await ask(`${relay.sockjsUrl}/iframe.html`);
    const scripts = [...page.text.matchAll(/src="([^"]*)"/g)].map(([, src]) => src);
    expect(scripts).toEqual(['sockjs.js', 'iframe.js']);
    for (const script of scripts) {
      const { status, text } = await ask(`${relay.sockjsUrl}/${script}`);
      expect(status).toBe(200);
      expect(text).toContain('bootstrap_iframe');
    }
  });
});

describe('a session of a user', () => {
  it('is of no use to those who know its address', async () => {
    const alice = unique('alice');
    const hers = { authorization: `Bearer ${await relay.token(alice)}` };
    const session = await opened(relay, hers);
    await send(session, connectFrame(), hers);
    const his = { authorization: `Bearer ${await relay.token(unique('mallory'))}` };
    const forged = { authorization: `${hers.authorization.slice(0, -4)}AAAA` };
    for (const [headers, status] of [
      [his, 403],
      [{}, 401],
      [forged, 401],
    ] as const) {
      expect((await send(session, '\n', headers)).status).toBe(status);
      expect((await post(`${session}/xhr`, { headers })).status).toBe(status);
      expect((await post(`${session}/xhr_streaming`, { headers })).status).toBe(status);
      expect((await ask(`${session}/jsonp?c=a`, { headers })).status).toBe(status);
    }
    expect((await post(`${session}/xhr`, { headers: hers })).text).toContain('CONNECTED');
    // The next token of the same user is as good.
    const next = { authorization: `Bearer ${await relay.token(alice, { jti: 'next' })}` };
    expect((await send(session, '\n', next)).status).toBe(204);
    expect((await send(session, '\n', { cookie: 'relay_token=x', ...next })).status).toBe(204);
  });

  it('is opened by a ticket, which its later requests show again and nobody else can', async () => {
    const token = await relay.token(unique('alice'));
    const asked = await fetch(`${relay.url}/api/tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    const { url } = (await asked.json()) as { url: string };
    const ticket = new URL(url).pathname.split('/').at(-1);
    const session = newSession(relay.sockjsUrl);
    expect((await post(`${session}/xhr?ticket=${ticket}`)).text).toBe('o\n');
    expect(
      (await post(`${session}/xhr_send?ticket=${ticket}`, { body: JSON.stringify([connectFrame()]) })).status,
    ).toBe(204);
    expect((await post(`${session}/xhr?ticket=${ticket}`)).text).toContain('CONNECTED');
    expect((await post(`${newSession(relay.sockjsUrl)}/xhr?ticket=${ticket}`)).status).toBe(401);
    expect((await post(`${session}/xhr?ticket=${ticket}x`)).status).toBe(401);
  });

  it('has both parts of its address for a name', async () => {
    const session = await opened(relay);
    expect((await send(session.replace('/000/', '/001/'), '\n')).status).toBe(404);
    expect((await send(session, '\n')).status).toBe(204);
  });

  it('lets nobody listen in while its own request is open', async () => {
    const wire = new HttpWire(relay.sockjsUrl, 'xhr-polling');
    const alice = unique('alice');
    const client = await relay.stomp(alice, { sockjs: wire });
    await client.subscribed('/user/topic/reply', { id: 's' });
    const { text } = await post(`${wire.session}/xhr`);
    expect(text).toBe('c[2010,"Another connection still open"]\n');
    await service.toUser(alice, 'topic.reply', 'for alice');
    await client.message(0);
  });

  it('with a bad token is not opened', async () => {
    const { status, headers } = await post(`${newSession(relay.sockjsUrl)}/xhr`, {
      headers: { authorization: 'Bearer nonsense' },
    });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('invalid_token');
  });

  it('guessed is counted, and told to wait', async () => {
    const strict = await world.relay({ RELAY_MAX_AUTH_FAILURES: '5' });
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push((await send(newSession(strict.sockjsUrl), '\n')).status);
    expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429, 429]);
  });
});

describe('what is sent', () => {
  const tooMuch = 3_000_000;

  it('is refused by its length before it has come', async () => {
    const session = await opened(relay);
    const { status } = await new Promise<{ status: number }>((resolve, reject) => {
      ask(`${session}/xhr_send`, {
        method: 'POST',
        headers: { 'content-length': String(tooMuch), 'content-type': 'text/plain' },
        headOnly: true,
      }).then(resolve, reject);
    });
    expect(status).toBe(413);
    expect((await post(`${session}/xhr`)).text).toBe('c[1009,"message too large"]\n');
  });

  it('is refused as soon as it is too much, and ends the session with 1009', async () => {
    const session = await opened(relay);
    // Chunked, and then some: the answer may come as a reset while it is still being sent.
    const body = Buffer.alloc(tooMuch, 0x20);
    const status = await ask(`${session}/xhr_send`, {
      method: 'POST',
      headers: { 'transfer-encoding': 'chunked', 'content-type': 'text/plain' },
      body,
    }).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(status).toBe(413);
    await waitFor(async () => (await post(`${session}/xhr`)).text === 'c[1009,"message too large"]\n', {
      what: 'the close',
    });
  });

  it('may be more once the sender is known, for clients batch', async () => {
    const client = await relay.stomp(unique('alice'), { sockjs: 'xhr-polling' });
    const topic = unique('big');
    await client.subscribed(`/topic/${topic}`, { id: 's' });
    for (let i = 0; i < 5; i++) client.send(`/topic/${topic}`, String(i).repeat(900_000));
    await client.received(5);
    expect(client.messages().map(({ body }) => body.length)).toEqual(Array(5).fill(900_000));
  });

  it.each([
    ['is compressed', { 'content-encoding': 'gzip' }, '[""]', 415],
    ['is no JSON', {}, '["', 500],
    ['is no array', {}, '"x"', 500],
    ['is of another type', { 'content-type': 'image/png' }, '["x"]', 500],
  ])('%s: refused', async (_what, headers, body, status) => {
    const session = await opened(relay);
    expect((await post(`${session}/xhr_send`, { headers, body })).status).toBe(status);
    expect((await send(session, '\n')).status).toBe(204);
  });

  it('and holds no text ends the session', async () => {
    for (const body of ['[1]', '[{"toString":1}]', '[null]', '[["a"]]']) {
      const session = await opened(relay);
      await post(`${session}/xhr_send`, { body });
      expect((await post(`${session}/xhr`)).text).toMatch(/^c\[4400,/);
    }
  });

  it('waits until the client is read again', async () => {
    const slow = await world.relay({ RELAY_RECEIVE_RATE: '1024' });
    const session = await opened(slow);
    // Twice as much may come at once: the rest has to be paid for, at 1 KiB a second.
    expect((await send(session, '\n'.repeat(3072))).status).toBe(204);
    const before = performance.now();
    expect((await send(session, '\n')).status).toBe(204);
    expect(performance.now() - before).toBeGreaterThan(700);
  });
});

describe('an address', () => {
  it.each([
    ['GET', '/000/abcdefgh/xhr', 405],
    ['HEAD', '/000/abcdefgh/htmlfile?c=a', 405],
    ['POST', '/000/abcdefgh/eventsource', 405],
    ['PUT', '/info', 405],
    ['GET', '/000/abcdefgh/websocket', 426],
    ['GET', '/000/short/eventsource', 404],
    ['GET', '/nothing', 404],
    ['GET', '/000/abcdefgh/jsonp', 400],
    ['GET', '/000/abcdefgh/jsonp?c=alert(1)', 400],
    ['GET', '/000/abcdefgh/jsonp?c=a%3Cscript%3E', 400],
    ['GET', `/000/abcdefgh/htmlfile?c=${'a'.repeat(65)}`, 400],
    ['GET', '/000/abcdefgh/htmlfile?c=%00', 400],
  ])('%s %s: %i, and no session', async (method, path, status) => {
    expect((await ask(relay.sockjsUrl + path, { method })).status).toBe(status);
  });

  it('says what there is', async () => {
    expect((await ask(relay.sockjsUrl)).text).toContain('SockJS');
    const { text, headers } = await ask(`${relay.sockjsUrl}/info`, { headers: { origin: APP } });
    expect(JSON.parse(text)).toMatchObject({ websocket: true, cookie_needed: false });
    expect(headers['access-control-allow-origin']).toBe(APP);
  });
});

describe('limits', () => {
  it('count a session once, however many requests it has, until it ends', async () => {
    const small = await world.relay({ RELAY_MAX_SESSIONS_PER_ADDRESS: '2' });
    const wires = [
      new HttpWire(small.sockjsUrl, 'xhr-polling'),
      new HttpWire(small.sockjsUrl, 'xhr-streaming'),
    ];
    const clients = await Promise.all(wires.map((wire) => small.stomp('alice', { sockjs: wire })));
    for (let i = 0; i < 10; i++) {
      for (const client of clients) {
        client.transmit('BEGIN', { transaction: String(i), receipt: String(i) });
        await client.receipt(String(i));
      }
    }
    const refused = await post(`${newSession(small.sockjsUrl)}/xhr`);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    clients[0]?.drop();
    await waitFor(async () => (await post(`${newSession(small.sockjsUrl)}/xhr`)).status === 200, {
      what: 'a place',
    });
  });

  it('let those go who are refused, and those who never connect', async () => {
    const small = await world.relay({
      RELAY_MAX_SESSIONS_PER_ADDRESS: '1',
      RELAY_FIRST_FRAME_TIMEOUT: '100',
    });
    for (let i = 0; i < 3; i++) {
      const bad = await post(`${newSession(small.sockjsUrl)}/xhr?access_token=nonsense`);
      expect(bad.status).toBe(401);
    }
    const session = newSession(small.sockjsUrl);
    expect((await post(`${session}/xhr`)).status).toBe(200);
    const { text } = await post(`${session}/xhr`);
    const last = text.includes('ERROR') ? (await post(`${session}/xhr`)).text : text;
    expect(last).toMatch(/^c\[4408,/);
    expect((await post(`${newSession(small.sockjsUrl)}/xhr`)).status).toBe(200);
  });

  it('slow down a session that asks too often, and refuse one that does not wait', async () => {
    const slow = await world.relay({ RELAY_HTTP_RATE: '5' });
    const session = await opened(slow);
    const answers = await Promise.all(
      Array.from({ length: 60 }, () => post(`${session}/xhr`, { headOnly: true })),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.length).toBeLessThan(60);
    expect(await metric(slow, 'relay_limits_total', 'RELAY_HTTP_RATE')).toBe(refused.length);
  });

  it('of the time for a request do not end an answer that is open', async () => {
    const hurried = await world.relay({ RELAY_HTTP_TIMEOUT: '100' });
    const wire = new HttpWire(hurried.sockjsUrl, 'xhr-streaming');
    const client = await hurried.stomp('alice', { sockjs: wire, heartbeat: { outgoing: 0, incoming: 1000 } });
    const { asked } = wire;
    const beats = () => wire.raw.split('a["\\n"]').length - 1;
    await waitFor(() => beats() >= 2, { what: 'two heart-beats' });
    expect(wire.asked).toBe(asked);
    expect(client.closed).toBeUndefined();
  });
});

it('an htmlfile runs nothing that came with a message', async () => {
  const wire = new HttpWire(relay.sockjsUrl, 'htmlfile');
  const topic = unique('html');
  const client = await relay.stomp(unique('alice'), { sockjs: wire });
  await client.subscribed(`/topic/${topic}`, { id: 's' });
  const body = '</script><script>alert(1)</script><!--<script>';
  await service.toTopic(topic, body, { headers: { title: '</script><img src=x onerror=alert(1)>' } });
  expect((await client.message(0)).body.toString()).toBe(body);
  const scripts = wire.raw.match(/<script[^>]*>/g) ?? [];
  expect(new Set(scripts).size).toBe(1);
  expect(wire.raw).not.toMatch(/<img|<!--<|<script>/);
});

it('a client that stops its heart-beats is closed with 4409', async () => {
  const token = await relay.token(unique('alice'));
  const wire = new HttpWire(relay.sockjsUrl, 'xhr-polling');
  // In the same turn of the event loop: it may open in the next.
  wire.onopen = () =>
    wire.send(`CONNECT\naccept-version:1.2\nhost:/\nheart-beat:1000,0\nAuthorization:Bearer ${token}\n\n\0`);
  const closed = await new Promise((resolve) => {
    wire.onclose = ({ code }) => resolve(code);
  });
  expect(closed).toBe(4409);
});
