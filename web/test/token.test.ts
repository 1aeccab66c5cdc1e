import { afterEach, describe, expect, it, vi } from 'vitest';
import { DemoOffError, demoTokens, pastedToken, TokenRefusedError } from '../src/token.js';

afterEach(() => vi.unstubAllGlobals());

function answer(status: number, body: unknown = {}) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => Response.json(body, { status }));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

describe('demoTokens', () => {
  it('asks for a token of the user, anew each time', async () => {
    const fetch = answer(200, { token: 'a.b.c' });
    const tokens = demoTokens('alice');
    await expect(tokens.get()).resolves.toBe('a.b.c');
    await tokens.get();
    expect(fetch).toHaveBeenCalledTimes(2);
    expect(fetch.mock.calls[0]?.[0]).toBe('demo/token');
    expect(fetch.mock.calls[0]?.[1]).toMatchObject({ method: 'POST', body: '{"user":"alice"}' });
  });

  it('tells "demo mode is off" from a refusal and from trouble that may pass', async () => {
    answer(404);
    await expect(demoTokens('alice').get()).rejects.toBeInstanceOf(DemoOffError);
    answer(400, { error: { code: 'ERR_TOKEN_USER', message: 'the field "user" is empty' } });
    const refusal = demoTokens('').get();
    await expect(refusal).rejects.toBeInstanceOf(TokenRefusedError);
    await expect(refusal).rejects.toThrow('(HTTP 400): the field "user" is empty.');
    answer(200, { jwt: 'x' });
    await expect(demoTokens('alice').get()).rejects.toBeInstanceOf(TokenRefusedError);
    answer(503);
    const error: unknown = await demoTokens('alice')
      .get()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(TokenRefusedError);
  });
});

describe('pastedToken', () => {
  it('takes the token with or without Bearer and white space', async () => {
    for (const text of ['a.b.c', ' a.b.c\n', 'Bearer a.b.c', 'bearer  a.b.c']) {
      await expect(pastedToken(text).get()).resolves.toBe('a.b.c');
    }
  });
});
