import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createVerifier } from '../../src/auth/verifier.js';
import { closures } from '../../src/closures.js';
import { KeyServer, providerKey } from './key-server.js';
import { part, refusal, refusalCode } from './tokens.js';

const MINUTE = 60_000;
const alice = { sub: 'alice' };
const first = providerKey('first');
const second = providerKey('second', 'RS256');

let server: KeyServer;
/** The verifier's clock, moved by hand. */
let time: number;

beforeEach(async () => {
  time = 0;
  server = new KeyServer();
  server.keys = [first.publicJwk];
  await server.start();
});
afterEach(() => server.stop());

function verifier(timing: { timeoutMs?: number } = {}) {
  return createVerifier({ jwksUrl: server.url, jwks: { clock: () => time, ...timing } });
}

describe('caching', () => {
  it('asks for nothing before the first token, then once for many at a time', async () => {
    const relay = verifier();
    expect(server.requests).toBe(0);
    const token = await first.sign(alice);
    const identities = await Promise.all(Array.from({ length: 20 }, () => relay.verify(token)));
    expect(identities.map(({ user }) => user)).toEqual(Array(20).fill('alice'));
    expect(server.requests).toBe(1);
  });

  it('asks ahead on warm-up', async () => {
    const relay = verifier();
    await relay.warmUp();
    await relay.verify(await first.sign(alice));
    expect(server.requests).toBe(1);
  });

  it('asks again when the keys are old, and a withdrawn key is refused from then on', async () => {
    const relay = verifier();
    const token = await first.sign(alice);
    await relay.verify(token);
    server.keys = [second.publicJwk];
    time = 10 * MINUTE - 1;
    expect((await relay.verify(token)).user).toBe('alice');
    time = 10 * MINUTE;
    expect(await refusalCode(relay, token)).toBe('ERR_TOKEN_SIGNATURE');
    expect(server.requests).toBe(2);
  });
});

describe('rotation', () => {
  it('a token by a new key is taken as soon as the key is published', async () => {
    const relay = verifier();
    await relay.verify(await first.sign(alice));
    server.keys = [first.publicJwk, second.publicJwk];
    time = MINUTE;
    expect((await relay.verify(await second.sign(alice))).user).toBe('alice');
    expect((await relay.verify(await first.sign(alice))).user).toBe('alice');
    expect(server.requests).toBe(2);
  });

  it('many tokens by the new key at once cost one request', async () => {
    const relay = verifier();
    await relay.verify(await first.sign(alice));
    server.keys = [second.publicJwk];
    time = MINUTE;
    const token = await second.sign(alice);
    await Promise.all(Array.from({ length: 20 }, () => relay.verify(token)));
    expect(server.requests).toBe(2);
  });

  it('invented key ids cannot make the relay hammer the provider', async () => {
    const relay = verifier();
    await relay.verify(await first.sign(alice));
    for (let i = 0; i < 100; i++) {
      time += 1000;
      const token = `${part({ alg: 'ES256', kid: `invented-${i}` })}.${part(alice)}.AAAA`;
      expect(await refusalCode(relay, token)).toBe('ERR_TOKEN_SIGNATURE');
    }
    // 100 s, one request in 10 s, and the first.
    expect(server.requests).toBe(11);
  });

  it('an algorithm that is not allowed asks for nothing', async () => {
    const relay = verifier();
    const token = `${part({ alg: 'HS256', kid: 'x' })}.${part(alice)}.AAAA`;
    expect(await refusalCode(relay, token)).toBe('ERR_TOKEN_ALGORITHM');
    expect(server.requests).toBe(0);
  });
});

describe('a provider that cannot be reached', () => {
  it('means: come back later, and is not asked again at once', async () => {
    server.answer = (response) => response.writeHead(503).end('down');
    const relay = verifier();
    const token = await first.sign(alice);
    const error = await refusal(relay, token);
    expect(error.code).toBe('ERR_KEYS_UNAVAILABLE');
    expect(closures[error.closure].advice).toBe('retry');
    expect(String(error.cause)).toContain('HTTP 503');
    expect(await refusalCode(relay, token)).toBe('ERR_KEYS_UNAVAILABLE');
    expect(server.requests).toBe(1);

    server.answer = undefined;
    time = 10_000;
    expect((await relay.verify(token)).user).toBe('alice');
  });

  it('is outlived by keys in hand for an hour', async () => {
    const relay = verifier();
    const token = await first.sign(alice);
    await relay.verify(token);
    await server.stop();
    for (const minutes of [11, 30, 59.9]) {
      time = minutes * MINUTE;
      expect((await relay.verify(token)).user).toBe('alice');
    }
    time = 60 * MINUTE;
    expect(await refusalCode(relay, token)).toBe('ERR_KEYS_UNAVAILABLE');
  });

  it('cannot say whether an unknown key is good, so the bearer may come back', async () => {
    const relay = verifier();
    await relay.verify(await first.sign(alice));
    await server.stop();
    time = MINUTE;
    const token = await second.sign(alice);
    expect(await refusalCode(relay, token)).toBe('ERR_KEYS_UNAVAILABLE');
    expect(await refusalCode(relay, token)).toBe('ERR_KEYS_UNAVAILABLE');
    expect((await relay.verify(await first.sign(alice))).user).toBe('alice');
  });

  it('or never answers is given up', async () => {
    server.answer = () => {};
    expect(await refusalCode(verifier({ timeoutMs: 50 }), await first.sign(alice))).toBe(
      'ERR_KEYS_UNAVAILABLE',
    );
  });

  it('or never ends its answer is given up', async () => {
    server.answer = (response) => response.writeHead(200).write('{"keys":[');
    expect(await refusalCode(verifier({ timeoutMs: 50 }), await first.sign(alice))).toBe(
      'ERR_KEYS_UNAVAILABLE',
    );
  });

  it.each<[string, (response: import('node:http').ServerResponse) => void]>([
    ['a page', (response) => response.end('<html>')],
    ['something else', (response) => response.end('{"keys":"none"}')],
    ['a flood', (response) => response.end(`{"keys":[${' '.repeat(1024 * 1024)}]}`)],
    ['a redirect', (response) => response.writeHead(302, { location: '/elsewhere' }).end()],
  ])('or answers with %s has no keys', async (_, answer) => {
    server.answer = answer;
    const error = await refusal(verifier(), await first.sign(alice));
    expect(error.code).toBe('ERR_KEYS_UNAVAILABLE');
    expect(error.cause).toBeInstanceOf(Error);
    expect(server.requests).toBe(1);
  });
});

describe('choice of the key', () => {
  it('a token without key id is tried with each key that fits', async () => {
    const keys = [providerKey('a'), providerKey('b'), providerKey('c')];
    server.keys = [second.publicJwk, ...keys.map(({ publicJwk }) => publicJwk)];
    const relay = verifier();
    for (const key of keys) {
      expect((await relay.verify(await key.sign(alice, { kid: undefined }))).user).toBe('alice');
    }
    const stranger = await providerKey(undefined).sign(alice);
    expect(await refusalCode(relay, stranger)).toBe('ERR_TOKEN_SIGNATURE');
  });

  it('a key id does not lend its name to another key', async () => {
    const token = await providerKey('first').sign(alice);
    expect(await refusalCode(verifier(), token)).toBe('ERR_TOKEN_SIGNATURE');
  });

  it("a token's own key and key addresses count for nothing", async () => {
    const attacker = new KeyServer();
    const forged = providerKey('first');
    attacker.keys = [forged.publicJwk];
    await attacker.start();
    try {
      const own = { jwk: forged.publicJwk, jku: attacker.url, x5u: attacker.url };
      expect(await refusalCode(verifier(), await forged.sign(alice, own))).toBe('ERR_TOKEN_SIGNATURE');
      expect(attacker.requests).toBe(0);
    } finally {
      await attacker.stop();
    }
  });

  it('a shared secret in the set checks nothing', async () => {
    const secret = 'published to everybody by mistake';
    server.keys = [{ kty: 'oct', k: part(secret), kid: 'first', alg: 'HS256' }];
    const token = await new SignJWT(alice)
      .setProtectedHeader({ alg: 'HS256', kid: 'first' })
      .sign(Buffer.from(secret));
    expect(await refusalCode(verifier(), token)).toBe('ERR_TOKEN_ALGORITHM');
    expect(() => createVerifier({ jwksUrl: server.url, algorithms: ['HS256'] })).toThrow(
      'RELAY_JWT_ALGORITHMS',
    );
  });

  it('an encryption key checks nothing', async () => {
    server.keys = [{ ...first.publicJwk, use: 'enc' }];
    expect(await refusalCode(verifier(), await first.sign(alice))).toBe('ERR_TOKEN_SIGNATURE');
  });

  it('EdDSA is taken by default', async () => {
    const key = providerKey('ed', 'EdDSA');
    server.keys = [key.publicJwk];
    expect((await verifier().verify(await key.sign(alice))).user).toBe('alice');
  });
});

describe('the address', () => {
  it.each([
    ['not a URL', 'id.example.com'],
    ['another scheme', 'file:///etc/keys.json'],
    ['data', 'data:application/json,{}'],
    ['credentials', 'https://me:pass-w0rd@id.example.com/'],
  ])('must not be or have %s', (_, jwksUrl) => {
    expect(() => createVerifier({ jwksUrl })).toThrow('RELAY_JWKS_URL');
    expect(() => createVerifier({ jwksUrl })).not.toThrow('pass-w0rd');
  });

  it('without TLS brings a warning, except on the loopback interface', () => {
    expect(createVerifier({ jwksUrl: 'http://id.example.com/jwks' }).warnings).toHaveLength(1);
    expect(createVerifier({ jwksUrl: 'https://id.example.com/jwks' }).warnings).toEqual([]);
    expect(createVerifier({ jwksUrl: 'http://127.0.0.1:1/jwks' }).warnings).toEqual([]);
  });
});
