import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TokenRefused } from 'stomp-relay/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DemoOff, demoTokens, pastedToken } from '../../src/session/tokens.js';

interface Asked {
  readonly path: string | undefined;
  readonly body: unknown;
}

/** A relay's token endpoint that answers as each test says; below a path, as behind a proxy. */
let server: Server;
let base: string;
let answer: { status: number; body: unknown };
let asked: Asked[];

beforeEach(async () => {
  asked = [];
  answer = { status: 200, body: { token: 'a.b.c' } };
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      asked.push({ path: request.url, body: JSON.parse(text) });
      const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      response.writeHead(answer.status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/shop/`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

describe('demoTokens', () => {
  it('asks beside the page, and keeps the token until it is stale', async () => {
    const tokens = demoTokens('erin', base);
    expect(await tokens.get()).toBe('a.b.c');
    expect(await tokens.get('an older one')).toBe('a.b.c');
    expect(asked).toEqual([{ path: '/shop/demo/token', body: { user: 'erin' } }]);
    answer = { status: 200, body: { token: 'd.e.f' } };
    expect(await tokens.get('a.b.c')).toBe('d.e.f');
  });

  it('keeps none that was made to end soon', async () => {
    const tokens = demoTokens('erin', base);
    answer = { status: 200, body: { token: 'short' } };
    expect(await tokens.shortLived(5)).toBe('short');
    expect(asked[0]?.body).toEqual({ user: 'erin', expiresIn: 5 });
    answer = { status: 200, body: { token: 'long' } };
    expect(await tokens.get()).toBe('long');
  });

  it('knows a relay that is not in demo mode', async () => {
    answer = { status: 404, body: { error: { message: 'nothing here' } } };
    await expect(demoTokens('erin', base).get()).rejects.toBeInstanceOf(DemoOff);
  });

  it('is refused for good with the reason of the relay', async () => {
    answer = { status: 400, body: { error: { message: 'a user name has 1 to 100 characters' } } };
    const refused = demoTokens('', base).get();
    await expect(refused).rejects.toBeInstanceOf(TokenRefused);
    await expect(refused).rejects.toThrow('a user name has 1 to 100 characters');
    answer = { status: 200, body: 'no JSON' };
    await expect(demoTokens('erin', base).get()).rejects.toBeInstanceOf(TokenRefused);
  });

  it('may try again when the relay has trouble', async () => {
    answer = { status: 503, body: 'later' };
    const failed = demoTokens('erin', base).get();
    await expect(failed).rejects.toThrow('HTTP 503');
    await expect(failed).rejects.not.toBeInstanceOf(TokenRefused);
  });
});

describe('pastedToken', () => {
  it('is taken with and without "Bearer"', async () => {
    for (const text of [' a.b.c\n', 'Bearer a.b.c', 'bearer  a.b.c'])
      expect(await pastedToken(text).get()).toBe('a.b.c');
  });

  it('cannot be renewed', async () => {
    await expect(pastedToken('a.b.c').get('a.b.c')).rejects.toBeInstanceOf(TokenRefused);
  });
});
