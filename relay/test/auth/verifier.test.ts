import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createVerifier, MAX_TOKEN_LENGTH, type VerifierOptions } from '../../src/auth/verifier.js';
import { closures } from '../../src/closures.js';
import { part, refusal, refusalCode } from './tokens.js';

const SECRET = 'a secret of at least thirty-two bytes, no less';
const NOW = Date.UTC(2030, 0, 1);
const now = () => NOW;
const seconds = NOW / 1000;

function verifier(options: Partial<VerifierOptions> = {}) {
  return createVerifier({ secret: SECRET, now, ...options });
}

function sign(claims: Record<string, unknown>, alg = 'HS256', secret = SECRET): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(Buffer.from(secret));
}

describe('a good token', () => {
  it('says whose it is, with all claims and its end in milliseconds', async () => {
    const claims = { sub: 'alice@example.com', exp: seconds + 60, roles: ['admin'] };
    expect(await verifier().verify(await sign(claims))).toEqual({
      user: 'alice@example.com',
      userWord: 'alice%40example%2Ecom',
      claims,
      expiresAt: (seconds + 60) * 1000,
      tokenId: expect.stringMatching(/^[\w-]{43}$/),
    });
  });

  it('is known by its jti, or by a digest of its own when it has none that can be used', async () => {
    const idOf = async (jti?: unknown) =>
      (await verifier().verify(await sign({ sub: 'alice', ...(jti === undefined ? {} : { jti }) }))).tokenId;
    expect(await idOf('one')).toBe('one');
    const digests = await Promise.all([idOf(), idOf(7), idOf(''), idOf('x'.repeat(2000))]);
    expect(new Set(digests).size).toBe(4);
    for (const digest of digests) expect(digest).toMatch(/^[\w-]{43}$/);
  });

  it('may have no end', async () => {
    expect((await verifier().verify(await sign({ sub: 'alice' }))).expiresAt).toBeUndefined();
  });

  it.each(['HS256', 'HS384', 'HS512'])('may be signed with %s', async (alg) => {
    expect((await verifier().verify(await sign({ sub: 'alice' }, alg))).user).toBe('alice');
  });

  it('may be signed with a short secret, of which the operator is warned without showing it', async () => {
    const weak = createVerifier({ secret: 'pass-w0rd' });
    expect((await weak.verify(await sign({ sub: 'alice' }, 'HS256', 'pass-w0rd'))).user).toBe('alice');
    expect(weak.warnings).toHaveLength(1);
    expect(weak.warnings[0]).toContain('RELAY_JWT_SECRET');
    expect(weak.warnings[0]).not.toContain('pass-w0rd');
    expect(verifier().warnings).toEqual([]);
  });
});

describe('signature', () => {
  it('must be by the secret', async () => {
    const error = await refusal(
      verifier(),
      await sign({ sub: 'alice' }, 'HS256', 'another secret of many bytes'),
    );
    expect(error.code).toBe('ERR_TOKEN_SIGNATURE');
    expect(closures[error.closure].advice).toBe('new-token');
  });

  it('covers the payload', async () => {
    const [head, , signature] = (await sign({ sub: 'alice' })).split('.');
    const forged = `${head}.${part({ sub: 'root' })}.${signature}`;
    expect(await refusalCode(verifier(), forged)).toBe('ERR_TOKEN_SIGNATURE');
  });

  it('covers the header', async () => {
    const [, payload, signature] = (await sign({ sub: 'alice' })).split('.');
    const forged = `${part({ alg: 'HS256', kid: 'x' })}.${payload}.${signature}`;
    expect(await refusalCode(verifier(), forged)).toBe('ERR_TOKEN_SIGNATURE');
  });

  it.each(['none', 'None', 'NONE', 'nOnE', 'hs256', '', 'HS1', 'constructor', '__proto__'])(
    'must not use the algorithm %j',
    async (alg) => {
      for (const signature of ['', 'AAAA']) {
        const token = `${part({ alg })}.${part({ sub: 'root' })}.${signature}`;
        expect(await refusalCode(verifier(), token)).toBe(
          alg === '' ? 'ERR_TOKEN_MALFORMED' : 'ERR_TOKEN_ALGORITHM',
        );
      }
    },
  );

  it('must not be of another algorithm than configured, though the secret is right', async () => {
    const pinned = verifier({ algorithms: ['HS512'] });
    expect(await refusalCode(pinned, await sign({ sub: 'alice' }, 'HS256'))).toBe('ERR_TOKEN_ALGORITHM');
    expect((await pinned.verify(await sign({ sub: 'alice' }, 'HS512'))).user).toBe('alice');
  });

  it.each([
    ['an embedded key', { jwk: { kty: 'oct', k: part('attacker') } }],
    ['a key address', { jku: 'https://attacker.example/jwks.json' }],
    ['a certificate address', { x5u: 'https://attacker.example/cert.pem' }],
    ['a key id that is a path', { kid: '../../../../dev/null' }],
    ['a key id that is a query', { kid: "x' UNION SELECT 'attacker" }],
  ])('is not checked with %s from the token', async (_, header) => {
    for (const secret of ['attacker', '\0']) {
      const token = await new SignJWT({ sub: 'root' })
        .setProtectedHeader({ alg: 'HS256', ...header })
        .sign(Buffer.from(secret));
      expect(await refusalCode(verifier(), token)).toBe('ERR_TOKEN_SIGNATURE');
    }
  });

  it('with an extension that must be understood and is not is refused', async () => {
    const token = await new SignJWT({ sub: 'alice' })
      .setProtectedHeader({ alg: 'HS256', crit: ['x'], x: 1 })
      .sign(Buffer.from(SECRET), { crit: { x: true } });
    expect(await refusalCode(verifier(), token)).toBe('ERR_TOKEN_MALFORMED');
  });
});

describe('form', () => {
  it('nothing is a missing token', async () => {
    expect(await refusalCode(verifier(), '')).toBe('ERR_TOKEN_MISSING');
  });

  it.each([
    ['a word', 'guest'],
    ['what a careless application sends', 'undefined'],
    ['two parts', 'abcdefghi.abcdefghi'],
    ['an encrypted token', 'abc.def.ghi.jkl.mno'],
    ['padding', 'YWxpY2U=.YWxpY2U=.YWxpY2U='],
    ['a line end', 'YWxpY2U.YWxpY2U.YWxpY2U\n'],
  ])('%s is malformed, and the message says what a token looks like', async (_, token) => {
    const error = await refusal(verifier(), token);
    expect(error.code).toBe('ERR_TOKEN_MALFORMED');
    expect(error.message).toContain('three base64url parts');
  });

  it.each([
    ['a header that is not JSON', `${part('garbage')}.${part({ sub: 'a' })}.AAAA`],
    ['a header that is a list', `${part([1])}.${part({ sub: 'a' })}.AAAA`],
  ])('%s is malformed', async (_, token) => {
    expect(await refusalCode(verifier(), token)).toBe('ERR_TOKEN_MALFORMED');
  });

  it('a huge token is refused though its signature is right; one just below is not', async () => {
    const of = (length: number) => sign({ sub: 'alice', pad: 'x'.repeat(length) });
    const huge = await of(MAX_TOKEN_LENGTH);
    expect(await refusalCode(verifier(), huge)).toBe('ERR_TOKEN_MALFORMED');
    const large = await of(Math.floor((MAX_TOKEN_LENGTH * 3) / 4) - 200);
    expect(large.length).toBeLessThanOrEqual(MAX_TOKEN_LENGTH);
    expect((await verifier().verify(large)).user).toBe('alice');
  });

  it.each([['[]'], ['"alice"'], ['null'], ['{']])('claims %s are malformed', async (json) => {
    const { createHmac } = await import('node:crypto');
    const body = `${part({ alg: 'HS256' })}.${part(json)}`;
    const signature = createHmac('sha256', SECRET).update(body).digest('base64url');
    expect(await refusalCode(verifier(), `${body}.${signature}`)).toBe('ERR_TOKEN_MALFORMED');
  });
});

describe('time', () => {
  it('an expired token is taken within the leeway, and its end is told without it', async () => {
    const identity = await verifier().verify(await sign({ sub: 'alice', exp: seconds - 4 }));
    expect(identity.expiresAt).toBe(NOW - 4000);
  });

  it('and refused after it, with the advice to get a new one', async () => {
    const error = await refusal(verifier(), await sign({ sub: 'alice', exp: seconds - 5 }));
    expect([error.code, error.closure]).toEqual(['ERR_TOKEN_EXPIRED', 'tokenExpired']);
  });

  it('the leeway can be set', async () => {
    const token = await sign({ sub: 'alice', exp: seconds - 20 });
    expect(await refusalCode(verifier({ leewaySeconds: 20 }), token)).toBe('ERR_TOKEN_EXPIRED');
    expect((await verifier({ leewaySeconds: 21 }).verify(token)).user).toBe('alice');
  });

  it('a token that is not yet valid is taken within the leeway only', async () => {
    expect((await verifier().verify(await sign({ sub: 'alice', nbf: seconds + 5 }))).user).toBe('alice');
    expect(await refusalCode(verifier(), await sign({ sub: 'alice', nbf: seconds + 6 }))).toBe(
      'ERR_TOKEN_NOT_YET',
    );
  });

  it('a token without end is refused where an end is required', async () => {
    const strict = verifier({ requireExp: true });
    expect(await refusalCode(strict, await sign({ sub: 'alice' }))).toBe('ERR_TOKEN_MALFORMED');
    expect((await strict.verify(await sign({ sub: 'alice', exp: seconds + 1 }))).user).toBe('alice');
  });

  it.each(['"never"', '1e400', '8.65e12', 'null'])('an end of %s is refused', async (exp) => {
    const { createHmac } = await import('node:crypto');
    const body = `${part({ alg: 'HS256' })}.${part(`{"sub":"alice","exp":${exp}}`)}`;
    const signature = createHmac('sha256', SECRET).update(body).digest('base64url');
    expect(await refusalCode(verifier(), `${body}.${signature}`)).toBe('ERR_TOKEN_MALFORMED');
  });
});

describe('a token for another purpose', () => {
  const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };

  it.each([
    ['reports a logout', { events }, undefined],
    ['reports another event', { events: { 'https://example.com/event': {} } }, 'JWT'],
    ['is a logout token by its type', {}, 'logout+jwt'],
    ['is one by its type in another spelling', {}, 'application/Logout+JWT'],
    ['is a security event by its type', {}, 'secevent+jwt'],
  ])('that %s lets nobody in', async (_, claims, typ) => {
    const token = await new SignJWT({ sub: 'alice', ...claims })
      .setProtectedHeader({ alg: 'HS256', ...(typ === undefined ? {} : { typ }) })
      .sign(Buffer.from(SECRET));
    expect(await refusalCode(verifier(), token)).toBe('ERR_TOKEN_TYPE');
  });

  it.each(['JWT', 'at+jwt', 'application/at+jwt'])('is not one of type %s', async (typ) => {
    const token = await new SignJWT({ sub: 'alice', events: ['login'] })
      .setProtectedHeader({ alg: 'HS256', typ })
      .sign(Buffer.from(SECRET));
    expect((await verifier().verify(token)).user).toBe('alice');
  });
});

describe('issuer and audience', () => {
  const strict = verifier({ issuer: 'https://id.example.com', audience: ['relay', 'relay-2'] });
  const good = { sub: 'alice', iss: 'https://id.example.com', aud: 'relay' };

  it.each([
    ['the audience', good],
    ['another of the audiences', { ...good, aud: 'relay-2' }],
    ['one of a list', { ...good, aud: ['other', 'relay'] }],
  ])('%s is taken', async (_, claims) => {
    expect((await strict.verify(await sign(claims))).user).toBe('alice');
  });

  it.each([
    ['ERR_TOKEN_AUDIENCE', { ...good, aud: 'shop' }],
    ['ERR_TOKEN_AUDIENCE', { ...good, aud: [] }],
    ['ERR_TOKEN_AUDIENCE', { ...good, aud: 'relay-' }],
    ['ERR_TOKEN_AUDIENCE', { sub: 'alice', iss: good.iss }],
    ['ERR_TOKEN_ISSUER', { ...good, iss: 'https://id.example.com/' }],
    ['ERR_TOKEN_ISSUER', { ...good, iss: ['https://id.example.com'] }],
    ['ERR_TOKEN_ISSUER', { sub: 'alice', aud: 'relay' }],
  ])('%s for %j', async (code, claims) => {
    expect(await refusalCode(strict, await sign(claims))).toBe(code);
  });
});

describe('configuration', () => {
  it.each<[string, Partial<VerifierOptions>]>([
    ['RELAY_JWT_SECRET, RELAY_JWT_PUBLIC_KEY, RELAY_JWKS_URL', { secret: undefined }],
    ['exactly one', { jwksUrl: 'https://id.example.com/jwks.json' }],
    ['RELAY_JWT_SECRET is empty', { secret: '' }],
    ['RELAY_JWT_ALGORITHMS', { algorithms: ['none'] }],
    ['RELAY_JWT_ALGORITHMS', { algorithms: ['HS256', 'RS256'] }],
    ['RELAY_JWT_ALGORITHMS', { algorithms: ['hs256'] }],
    ['RELAY_JWT_ALGORITHMS', { algorithms: [] }],
    ['RELAY_JWT_AUDIENCE', { audience: [] }],
    ['RELAY_USER_CLAIM', { userClaim: '' }],
    ['leeway', { leewaySeconds: -1 }],
  ])('a mistake is refused at start: %s (%j)', (message, options) => {
    expect(() => verifier(options)).toThrow(message);
  });
});
