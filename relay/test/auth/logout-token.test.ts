import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { BackchannelLogout } from '../../src/auth/backchannel.js';
import { chooseKeys } from '../../src/auth/choose-keys.js';
import { createLogoutVerifier, LOGOUT_EVENT, type LogoutOptions } from '../../src/auth/logout-token.js';
import type { DatedRevocation } from '../../src/auth/revocation.js';

const SECRET = 'a secret of at least thirty-two bytes, no less';
const NOW = Date.UTC(2030, 0, 1);
const seconds = NOW / 1000;
const ISSUER = 'https://id.example.com';

const GOOD = {
  iss: ISSUER,
  aud: 'relay',
  iat: seconds,
  exp: seconds + 120,
  jti: 'logout-1',
  events: { [LOGOUT_EVENT]: {} },
  sub: 'alice',
  sid: 'here',
};

function verifier(options: Partial<LogoutOptions> = {}) {
  const keys = chooseKeys({ secret: SECRET });
  return createLogoutVerifier(keys, { issuer: ISSUER, audience: ['relay'], now: () => NOW, ...options });
}

function sign(claims: Record<string, unknown>, typ?: string, secret = SECRET): Promise<string> {
  return new SignJWT(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>)
    .setProtectedHeader({ alg: 'HS256', ...(typ === undefined ? {} : { typ }) })
    .sign(Buffer.from(secret));
}

async function refusalCode(token: string): Promise<unknown> {
  const error: unknown = await verifier()(token).then(
    () => 'accepted',
    (reason: unknown) => reason,
  );
  return typeof error === 'string' ? error : (error as { code?: unknown }).code;
}

describe('a logout token', () => {
  it.each([
    ['no type', undefined],
    ['JWT', 'JWT'],
    ['logout+jwt', 'logout+jwt'],
    ['the type in full', 'application/logout+jwt'],
  ])('with %s says who signed out, and when', async (_, typ) => {
    expect(await verifier()(await sign(GOOD, typ))).toEqual({
      sub: 'alice',
      sid: 'here',
      at: seconds,
      jti: 'logout-1',
    });
  });

  it('may name the user alone or the session alone', async () => {
    expect(await verifier()(await sign({ ...GOOD, sid: undefined }))).toMatchObject({
      sub: 'alice',
      sid: undefined,
    });
    expect(await verifier()(await sign({ ...GOOD, sub: undefined }))).toMatchObject({
      sub: undefined,
      sid: 'here',
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['another issuer', { iss: 'https://id.example.net' }, 'ERR_TOKEN_ISSUER'],
    ['no issuer', { iss: undefined }, 'ERR_TOKEN_ISSUER'],
    ['another audience', { aud: 'shop' }, 'ERR_TOKEN_AUDIENCE'],
    ['no audience', { aud: undefined }, 'ERR_TOKEN_AUDIENCE'],
    ['no iat', { iat: undefined }, 'ERR_TOKEN_MALFORMED'],
    ['an iat that is a text', { iat: 'now' }, 'ERR_TOKEN_MALFORMED'],
    ['an iat long ago', { iat: seconds - 400 }, 'ERR_TOKEN_EXPIRED'],
    ['an iat in the future', { iat: seconds + 60 }, 'ERR_TOKEN_MALFORMED'],
    ['no exp', { exp: undefined }, 'ERR_TOKEN_MALFORMED'],
    ['an exp in the past', { exp: seconds - 60 }, 'ERR_TOKEN_EXPIRED'],
    ['no jti', { jti: undefined }, 'ERR_TOKEN_MALFORMED'],
    ['an empty jti', { jti: '' }, 'ERR_LOGOUT_TOKEN'],
    ['a jti that is a number', { jti: 7 }, 'ERR_LOGOUT_TOKEN'],
    ['no events, as an access token', { events: undefined }, 'ERR_LOGOUT_TOKEN'],
    ['another event', { events: { 'https://example.com/event': {} } }, 'ERR_LOGOUT_TOKEN'],
    ['an event that is no object', { events: { [LOGOUT_EVENT]: true } }, 'ERR_LOGOUT_TOKEN'],
    ['an event that is a list', { events: { [LOGOUT_EVENT]: [] } }, 'ERR_LOGOUT_TOKEN'],
    ['events that are a list', { events: [LOGOUT_EVENT] }, 'ERR_LOGOUT_TOKEN'],
    ['a nonce, as an ID token', { nonce: 'n' }, 'ERR_LOGOUT_TOKEN'],
    ['a nonce that is null', { nonce: null }, 'ERR_LOGOUT_TOKEN'],
    ['neither user nor session', { sub: undefined, sid: undefined }, 'ERR_LOGOUT_TOKEN'],
    ['a user that is no text', { sub: 7 }, 'ERR_LOGOUT_TOKEN'],
    ['an empty session', { sid: '' }, 'ERR_LOGOUT_TOKEN'],
  ])('with %s is refused', async (_, changed, code) => {
    expect(await refusalCode(await sign({ ...GOOD, ...changed }))).toBe(code);
  });

  it('of another type, or signed by somebody else, is refused', async () => {
    expect(await refusalCode(await sign(GOOD, 'at+jwt'))).toBe('ERR_LOGOUT_TOKEN');
    expect(await refusalCode(await sign(GOOD, undefined, 'another secret of many bytes, no less'))).toBe(
      'ERR_TOKEN_SIGNATURE',
    );
    expect(await refusalCode('')).toBe('ERR_TOKEN_MISSING');
  });

  it('may be for anybody, and from anybody who has the key, when neither is set', async () => {
    const lax = verifier({ issuer: undefined, audience: undefined });
    expect(await lax(await sign({ ...GOOD, iss: undefined, aud: undefined }))).toMatchObject({
      sub: 'alice',
    });
  });
});

describe('a back-channel logout', () => {
  it('revokes what the token names, as of then, and each token once', async () => {
    const revoked: DatedRevocation[] = [];
    const logout = new BackchannelLogout(verifier(), async (revocation) => revoked.push(revocation));
    const token = await sign(GOOD);
    expect(await logout.accept(token)).toBe(1);
    await expect(logout.accept(token)).rejects.toMatchObject({ code: 'ERR_LOGOUT_TOKEN' });
    await logout.accept(await sign({ ...GOOD, jti: 'logout-2', sid: undefined }));
    expect(revoked).toEqual([
      { sub: 'alice', sid: 'here', at: seconds },
      { sub: 'alice', at: seconds },
    ]);
  });

  it('may be tried again when it could not be carried out', async () => {
    let away = true;
    const logout = new BackchannelLogout(verifier(), async () => {
      if (away) throw new Error('away');
      return 2;
    });
    const token = await sign(GOOD);
    await expect(logout.accept(token)).rejects.toThrow('away');
    away = false;
    expect(await logout.accept(token)).toBe(2);
  });
});
