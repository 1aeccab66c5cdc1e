import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/policy/load.js';
import { secretToken } from '../support/tokens.js';
import { ask, type Refusal, type Served, secret, serve } from './serve.js';

const policy = loadPolicy('version: 1\nrules:\n  - manage: broker\n    roles: admin\n', 'test');

interface Seen {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** Stands where the management would, and keeps what it is asked: what the real one takes is tested with the real one. */
class Management {
  readonly seen: Seen[] = [];
  answerHeaders: Record<string, string | string[]> = { 'content-type': 'text/plain' };
  status = 200;
  private constructor(private readonly server: Server) {}

  static async open(): Promise<Management> {
    const server = createServer();
    const management = new Management(server);
    server.on('request', async (incoming, response) => {
      let body = '';
      for await (const chunk of incoming) body += String(chunk);
      const { method, url, headers } = incoming;
      management.seen.push({ method, url, headers, body });
      response.writeHead(management.status, management.answerHeaders).end('from the broker');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return management;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const open: Management[] = [];
afterEach(async () => {
  for (const management of open.splice(0)) await management.close();
});

async function serving(env: Record<string, string> = {}): Promise<Served & { management: Management }> {
  const management = await Management.open();
  open.push(management);
  const url = `http://monitor:p%40ss@127.0.0.1:${management.port}/rabbit/`;
  return { ...(await serve({ RABBITMQ_MANAGEMENT_URL: url, ...env }, { policy })), management };
}

const token = (roles: string[] = ['admin']) => secretToken(secret, { sub: 'alice', roles });
const bearer = async (roles?: string[]) => ({ authorization: `Bearer ${await token(roles)}` });

interface Answered {
  status: number;
  headers: Headers;
  text: string;
}

/** With every header as it stands; `fetch` has names that it keeps to itself. */
async function get(
  url: string,
  headers: Record<string, string>,
  method = 'GET',
  body = '',
): Promise<Answered> {
  const sent = request(url, {
    method,
    headers: body === '' ? headers : { ...headers, 'content-length': String(body.length) },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const pairs = Object.entries(response.headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, String(one)] as [string, string]),
  );
  return { status: response.statusCode ?? 0, headers: new Headers(pairs), text };
}

const cookieOf = ({ headers }: Answered) => headers.get('set-cookie')?.split(';', 1)[0] ?? '';

describe('/broker', () => {
  it('is not there without RABBITMQ_MANAGEMENT_URL, and says so', async () => {
    const { url } = await serve({}, { policy });
    const { status, body } = await ask<Refusal>(`${url}/broker/`, { as: 'alice' });
    expect([status, body.error.message]).toEqual([404, expect.stringContaining('RABBITMQ_MANAGEMENT_URL')]);
  });

  it('is for tokens that a rule lets, and for nobody without one', async () => {
    const { url, management } = await serving();
    expect((await get(`${url}/broker/api/overview`, {})).status).toBe(401);
    expect(
      (await get(`${url}/broker/api/overview`, { authorization: 'Basic bW9uaXRvcjpwQHNz' })).status,
    ).toBe(401);
    const refused = await get(`${url}/broker/api/overview`, await bearer(['support']));
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('manage: [broker]')]);
    expect(management.seen).toEqual([]);
    const answer = await get(`${url}/broker/api/overview?a=b`, await bearer());
    expect([answer.status, answer.text, management.seen[0]?.url]).toEqual([
      200,
      'from the broker',
      '/rabbit/api/overview?a=b',
    ]);
  });

  it('is asked with the credentials of the address, and nothing of the client’s', async () => {
    const { url, management } = await serving();
    await get(`${url}/broker/api/queues?auth=eA&access_token=${await token()}`, {
      cookie: `relay_token=${await token()}; m=1`,
      accept: 'application/json',
      'x-vhost': '/',
      'x-forwarded-for': '10.0.0.1',
      'x-http-method-override': 'DELETE',
      connection: 'keep-alive, authorization',
      'proxy-authorization': 'Basic x',
    });
    const { headers, url: asked } = management.seen[0] as Seen;
    expect(asked).toBe('/rabbit/api/queues');
    expect(headers).toEqual({
      host: `127.0.0.1:${management.port}`,
      connection: 'keep-alive',
      accept: 'application/json',
      'x-vhost': '/',
      authorization: `Basic ${Buffer.from('monitor:p@ss').toString('base64')}`,
    });
  });

  it('asks with those of RABBITMQ_URL when the address has none', async () => {
    const management = await Management.open();
    open.push(management);
    const { url } = await serve(
      {
        RABBITMQ_MANAGEMENT_URL: `http://127.0.0.1:${management.port}`,
        RABBITMQ_URL: 'amqp://relay:secret@127.0.0.1:1',
      },
      { policy },
    );
    await get(`${url}/broker/`, await bearer());
    const { authorization } = (management.seen[0] as Seen).headers;
    expect(authorization).toBe(`Basic ${Buffer.from('relay:secret').toString('base64')}`);
  });

  it('answers without cookies, challenges, CORS and what the server is; scripts of elsewhere do not run', async () => {
    const { url, management } = await serving();
    management.status = 401;
    management.answerHeaders = {
      'content-type': 'text/html',
      etag: '"x"',
      server: 'Cowboy',
      'set-cookie': ['m=1', 'auth=x'],
      'www-authenticate': 'Basic realm="RabbitMQ Management"',
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'content-security-policy': 'default-src *',
      location: 'http://elsewhere/',
    };
    const { status, headers } = await get(`${url}/broker/`, await bearer());
    expect([status, headers.get('content-type'), headers.get('etag')]).toEqual([401, 'text/html', '"x"']);
    for (const name of [
      'set-cookie',
      'www-authenticate',
      'server',
      'access-control-allow-origin',
      'location',
    ]) {
      expect([name, headers.get(name)]).toEqual([name, null]);
    }
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
    expect(headers.get('cache-control')).toBe('no-store');
    management.answerHeaders = { location: '/rabbit/cli/' };
    expect((await get(`${url}/broker/cli`, await bearer())).headers.get('location')).toBe('/broker/cli/');
  });

  it.each(['/broker/../metrics', '/broker/%2e%2e/x', '/broker/api/..%2f..%2fx', '/broker//x', '/broker/\\x'])(
    'does not lead to %s',
    async (path) => {
      const { port, management } = await serving();
      const socket = connect(port, '127.0.0.1');
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${await token()}\r\nConnection: close\r\n\r\n`,
      );
      let answer = '';
      for await (const chunk of socket) answer += String(chunk);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(management.seen).toEqual([]);
    },
  );

  it.each([
    ['POST', { 'transfer-encoding': 'chunked' }, 411],
    ['POST', { 'content-length': '2000000' }, 413],
    ['PATCH', {}, 405],
    ['TRACE', {}, 405],
    ['OPTIONS', {}, 405],
  ])('takes no %s with %j', async (method, headers, status) => {
    const { url, management } = await serving();
    const sent = request(`${url}/broker/api/x`, { method, headers: { ...headers, ...(await bearer()) } });
    sent.on('error', () => {});
    sent.flushHeaders();
    if (status === 405) sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(status);
    sent.destroy();
    expect(management.seen).toEqual([]);
  });

  it('passes on what changes something, and writes down who did it', async () => {
    const { url, management, log } = await serving();
    const headers = { ...(await bearer()), 'content-type': 'application/json' };
    expect(
      (await get(`${url}/broker/api/queues/%2F/x?auth=abc`, headers, 'PUT', '{"durable":true}')).status,
    ).toBe(200);
    expect(management.seen[0]).toMatchObject({
      method: 'PUT',
      body: '{"durable":true}',
      url: '/rabbit/api/queues/%2F/x',
    });
    expect(log()).toMatch(/"user":"alice","method":"PUT","url":"\/broker\/api\/queues\/%2F\/x/);
    expect(log()).not.toContain(headers.authorization.slice('Bearer '.length));
  });

  it('says 503 when nobody is there', async () => {
    const { url } = await serve({ RABBITMQ_MANAGEMENT_URL: 'http://127.0.0.1:1/' }, { policy });
    const { status, text, headers } = await get(`${url}/broker/`, await bearer());
    expect([status, headers.get('retry-after')]).toEqual([503, '1']);
    expect(text).toContain('ERR_BROKER_UNAVAILABLE');
  });

  it('counts as requests do', async () => {
    const { url } = await serving({ RELAY_HTTP_RATE: '1' });
    const statuses = await Promise.all(
      Array.from({ length: 8 }, async () => (await get(`${url}/broker/x`, await bearer())).status),
    );
    expect(statuses).toContain(429);
  });

  it('leads from /broker to /broker/, whose links are relative', async () => {
    const { url } = await serving();
    const { status, headers } = await get(`${url}/broker?a=b`, {});
    expect([status, headers.get('location')]).toEqual([308, '/broker/?a=b']);
  });
});

describe('a browser', () => {
  const NAVIGATION = { accept: 'text/html,*/*', 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' };

  it('shows its token once, and has it in a cookie that no script and no other page can use', async () => {
    const { url, management } = await serving();
    const first = await get(`${url}/broker/?access_token=${await token()}`, NAVIGATION);
    expect([first.status, first.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(first.text).toContain('<script src="/broker/sign-in.js">');
    const cookie = first.headers.get('set-cookie') ?? '';
    for (const part of ['Path=/broker', 'HttpOnly', 'SameSite=Strict']) expect(cookie).toContain(part);
    expect(cookie).not.toContain('Secure');
    expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(8 * 3600);
    expect(management.seen).toEqual([]);
    const then = await get(`${url}/broker/`, { ...NAVIGATION, cookie: cookieOf(first) });
    expect(then.text).toBe('from the broker');
    const script = await get(`${url}/broker/sign-in.js`, {});
    expect([script.status, script.headers.get('content-type')]).toEqual([
      200,
      'text/javascript; charset=utf-8',
    ]);
  });

  it('may sign in without a token in an address, and sign out', async () => {
    const { url } = await serving();
    const entered = await get(`${url}/broker/sign-in`, await bearer(), 'POST');
    expect(entered.status).toBe(204);
    const cookie = cookieOf(entered);
    const page = await get(`${url}/broker/sign-in`, { ...NAVIGATION, cookie });
    expect([page.status, page.headers.get('set-cookie')]).toEqual([200, null]);
    const left = await get(`${url}/broker/sign-in`, { cookie, 'sec-fetch-site': 'same-origin' }, 'DELETE');
    expect([left.status, left.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringMatching(/^relay_broker=;/),
    ]);
  });

  it('has a cookie for TLS only where the relay is reached by it', async () => {
    const { url } = await serving({ RELAY_TRUSTED_PROXIES: 'loopback' });
    const headers = { ...(await bearer()), 'x-forwarded-proto': 'https' };
    expect((await get(`${url}/broker/sign-in`, headers, 'POST')).headers.get('set-cookie')).toContain(
      'Secure',
    );
  });

  it('gets no cookie that outlives its token, and none that browsers would drop', async () => {
    const { url } = await serving();
    const soon = Math.floor(Date.now() / 1000) + 60;
    const short = await secretToken(secret, { sub: 'alice', roles: ['admin'], exp: soon });
    const entered = await get(`${url}/broker/sign-in`, { authorization: `Bearer ${short}` }, 'POST');
    expect(Number(/Max-Age=(\d+)/.exec(entered.headers.get('set-cookie') ?? '')?.[1])).toBeLessThanOrEqual(
      60,
    );
    const long = await secretToken(secret, { sub: 'alice', roles: ['admin'], x: 'x'.repeat(4000) });
    expect((await get(`${url}/broker/sign-in`, { authorization: `Bearer ${long}` }, 'POST')).status).toBe(
      400,
    );
  });

  it.each<[string, string, Record<string, string>, number]>([
    ['reads', 'GET', { 'sec-fetch-site': 'same-origin' }, 200],
    ['reads, typed in', 'GET', { 'sec-fetch-site': 'none' }, 200],
    ['reads, long ago', 'GET', {}, 200],
    ['reads for another site', 'GET', { 'sec-fetch-site': 'cross-site' }, 401],
    ['reads for a sub-domain', 'GET', { 'sec-fetch-site': 'same-site' }, 401],
    ['reads for another page', 'GET', { origin: 'https://evil.example' }, 403],
    ['reads for a listed page', 'GET', { origin: 'https://app.example' }, 403],
    ['writes', 'POST', { origin: 'HERE', 'sec-fetch-site': 'same-origin' }, 200],
    ['writes, without Origin', 'POST', { 'sec-fetch-site': 'same-origin' }, 200],
    ['writes, and nothing says for whom', 'POST', {}, 401],
    ['writes, typed in', 'POST', { 'sec-fetch-site': 'none' }, 401],
    ['writes for another site', 'DELETE', { 'sec-fetch-site': 'cross-site' }, 401],
    ['writes for a sub-domain', 'PUT', { 'sec-fetch-site': 'same-site' }, 401],
    ['writes for another page', 'POST', { origin: 'https://evil.example' }, 403],
    ['writes for a page of no origin', 'POST', { origin: 'null' }, 403],
  ])('with the cookie %s: %s %j', async (_what, method, headers, status) => {
    const { url, management } = await serving({ RELAY_ALLOWED_ORIGINS: 'https://app.example' });
    const cookie = `relay_broker=${await token()}`;
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('HERE', url)]),
    );
    const answer = await get(
      `${url}/broker/api/x`,
      { ...sent, cookie, authorization: 'Basic cmVsYXk6cmVsYXk=' },
      method,
    );
    expect([answer.status, management.seen.length]).toEqual([status, status === 200 ? 1 : 0]);
  });

  it('may use relay_token as elsewhere, and then has the cookie of /broker', async () => {
    const { url } = await serving();
    const cookie = `relay_token=${await token()}`;
    const foreign = await get(`${url}/broker/`, { ...NAVIGATION, cookie });
    expect(foreign.status).toBe(401);
    const own = await get(`${url}/broker/`, { ...NAVIGATION, 'sec-fetch-site': 'same-origin', cookie });
    expect([own.status, cookieOf(own)]).toEqual([200, expect.stringMatching(/^relay_broker=e/)]);
  });

  it('is out when the role is gone, whatever cookie it has', async () => {
    const { url } = await serving();
    const cookie = `relay_broker=${await token(['nobody'])}`;
    expect((await get(`${url}/broker/`, { ...NAVIGATION, cookie })).status).toBe(403);
  });
});
