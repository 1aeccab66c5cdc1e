import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { LOGOUT_EVENT } from '../../src/auth/logout-token.js';
import { inSeconds, secretToken } from '../support/tokens.js';
import { secret, serve } from './serve.js';

function logoutToken(more: Record<string, unknown> = {}): Promise<string> {
  const claims = { sub: 'alice', aud: 'relay', iat: inSeconds(0), exp: inSeconds(60), jti: 'one' };
  return new SignJWT({ ...claims, events: { [LOGOUT_EVENT]: {} }, ...more })
    .setProtectedHeader({ alg: 'HS256', typ: 'logout+jwt' })
    .sign(Buffer.from(secret));
}

async function post(url: string, form: string | URLSearchParams, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/api/backchannel-logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form.toString(),
  });
  const text = await response.text();
  const cache = response.headers.get('cache-control');
  return { status: response.status, cache, retry: response.headers.get('retry-after'), text };
}

const form = (token: string) => new URLSearchParams({ logout_token: token });

describe('POST /api/backchannel-logout', () => {
  it('is answered by an empty 200 that nobody may keep', async () => {
    const ended: string[] = [];
    const { url } = await serve({}, { logout: { accept: async (token) => ended.push(token) } });
    const token = await logoutToken();
    expect(await post(url, form(token))).toEqual({ status: 200, cache: 'no-store', retry: null, text: '' });
    expect(ended).toEqual([token]);
  });

  it.each([
    ['nothing', async () => ''],
    ['another field', async () => new URLSearchParams({ token: await logoutToken() })],
    ['two tokens', async () => `${form(await logoutToken())}&${form(await logoutToken())}`],
    ['an access token', async () => form(await secretToken(secret, { sub: 'alice', aud: 'relay' }))],
    ['a token for somebody else', async () => form(await logoutToken({ aud: 'shop' }))],
    ['rubbish', async () => form('rubbish')],
  ])('with %s is answered by the error of OAuth', async (_, make) => {
    const { url } = await serve({ RELAY_LOGOUT_AUDIENCE: 'relay' });
    const { status, cache, text } = await post(url, await make());
    expect([status, cache]).toEqual([400, 'no-store']);
    expect(JSON.parse(text)).toEqual({ error: 'invalid_request', error_description: expect.any(String) });
    expect((JSON.parse(text) as { error_description: string }).error_description).toMatch(
      /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/,
    );
  });

  it('takes forms only', async () => {
    const { url } = await serve();
    const json = JSON.stringify({ logout_token: await logoutToken() });
    expect((await post(url, json, { 'content-type': 'application/json' })).status).toBe(400);
  });

  it('is refused to foreign pages', async () => {
    const { url } = await serve();
    expect((await post(url, form(await logoutToken()), { origin: 'https://evil.example' })).status).toBe(403);
  });

  it('is 503 while nobody could be told, and the token is good for another try', async () => {
    const { url } = await serve();
    const token = await logoutToken();
    for (let i = 0; i < 2; i++) {
      const { status, retry, text } = await post(url, form(token));
      expect([status, retry]).toEqual([503, '1']);
      expect(text).toContain('ERR_BROKER_UNAVAILABLE');
    }
  });

  it('counts refusals by address, and never logs a token', async () => {
    const { url, log } = await serve({ RELAY_MAX_AUTH_FAILURES: '2' });
    const bad = await logoutToken({ sub: 7 });
    const answers = [await post(url, form(bad)), await post(url, form(bad)), await post(url, form(bad))];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 429]);
    expect(Number(answers[2]?.retry)).toBeGreaterThan(0);
    expect(log().match(/a logout token was refused/g)).toHaveLength(2);
    expect(log()).not.toContain(bad.split('.')[1]);
  });
});
