import { createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { createVerifier } from '../../src/auth/verifier.js';
import { refusalCode } from './tokens.js';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed25519 = generateKeyPairSync('ed25519');

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' }).toString();
const jwk = (key: KeyObject, more: object = {}) =>
  JSON.stringify({ ...key.export({ format: 'jwk' }), ...more });
const sign = (alg: string, key: KeyObject | Uint8Array) =>
  new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg }).sign(key);

/** Self-signed; its private key signed TOKEN_BY_CERTIFICATE (for alice, without end) and was thrown away. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgjCCASegAwIBAgIUdYU3tpLZT2fvNOmo/npM5VuCV+0wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKcmVsYXktdGVzdDAgFw0yNjExMjExNTA0MjVaGA8yMTI2MTAy
ODE1MDQyNVowFTETMBEGA1UEAwwKcmVsYXktdGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABJtdTJNuzMXj3kTcRbIxnxhvrUY630rM8K7IcvDpXedgAWERnRr7
eD+px8+O56XPO8YuhhLV9B8vt6r2nf98dW2jUzBRMB0GA1UdDgQWBBQrOVXMTo3C
XdRyvOU/mMwYIO0luDAfBgNVHSMEGDAWgBQrOVXMTo3CXdRyvOU/mMwYIO0luDAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCguvtKN0iF0jlPbTaV
a7k6zZcLmTJMUHDwwp0Pe+ELBAIhALozr8YrlnWVB2YV/p1oLHVs+1JwTWR6xMzb
1h6yu58A
-----END CERTIFICATE-----
`;
const TOKEN_BY_CERTIFICATE = [
  'eyJhbGciOiJFUzI1NiJ9',
  'eyJzdWIiOiJhbGljZSJ9',
  '8eW8nFX05PQjRj12ZPKAizJ7fDTkdKQ-es14GI0x0yYVo1EvV_d0nF_UtPSAGNoA4DPKzN6mC8Q7J-d_rQeytQ',
].join('.');

describe('a public key', () => {
  it.each([
    ['RS256', rsa],
    ['PS256', rsa],
    ['ES256', p256],
    ['ES384', p384],
    ['ES512', p521],
    ['EdDSA', ed25519],
    ['Ed25519', ed25519],
  ])('checks %s without further configuration', async (alg, pair) => {
    const token = await sign(alg, pair.privateKey);
    for (const text of [pem(pair.publicKey), jwk(pair.publicKey)]) {
      expect((await createVerifier({ publicKey: text }).verify(token)).user).toBe('alice');
    }
  });

  it.each(['RS384', 'RS512', 'PS384', 'PS512'])('checks %s only where configured', async (alg) => {
    const token = await sign(alg, rsa.privateKey);
    const publicKey = pem(rsa.publicKey);
    expect(await refusalCode(createVerifier({ publicKey }), token)).toBe('ERR_TOKEN_ALGORITHM');
    expect((await createVerifier({ publicKey, algorithms: [alg] }).verify(token)).user).toBe('alice');
  });

  it.each<[string, string]>([
    ['with \\n written out', pem(rsa.publicKey).replaceAll('\n', '\\n')],
    ['with CR LF and blanks around', `  ${pem(rsa.publicKey).replaceAll('\n', '\r\n')}  `],
    ['as PKCS #1', rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }).toString()],
    ['as bare base64', rsa.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')],
  ])('may be given %s', async (_, publicKey) => {
    const token = await sign('RS256', rsa.privateKey);
    expect((await createVerifier({ publicKey }).verify(token)).user).toBe('alice');
  });

  it('may be given as a certificate', async () => {
    const verifier = createVerifier({ publicKey: CERTIFICATE });
    expect((await verifier.verify(TOKEN_BY_CERTIFICATE)).user).toBe('alice');
    expect(await refusalCode(verifier, await sign('ES256', p256.privateKey))).toBe('ERR_TOKEN_SIGNATURE');
  });

  it('of a JWK with an alg checks that alg only', async () => {
    const one = createVerifier({ publicKey: jwk(rsa.publicKey, { alg: 'PS512' }) });
    expect((await one.verify(await sign('PS512', rsa.privateKey))).user).toBe('alice');
    expect(await refusalCode(one, await sign('RS256', rsa.privateKey))).toBe('ERR_TOKEN_ALGORITHM');
  });

  it('never takes a token by another key of the same kind', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const verifier = createVerifier({ publicKey: pem(rsa.publicKey) });
    expect(await refusalCode(verifier, await sign('RS256', other.privateKey))).toBe('ERR_TOKEN_SIGNATURE');
  });
});

describe('key confusion: the public key used as an HMAC secret', () => {
  const spellings: [string, Buffer][] = [
    ['PEM', Buffer.from(pem(rsa.publicKey))],
    ['PEM without its last line end', Buffer.from(pem(rsa.publicKey).trimEnd())],
    ['DER', rsa.publicKey.export({ format: 'der', type: 'spki' })],
    ['JWK', Buffer.from(jwk(rsa.publicKey))],
  ];
  it.each(spellings)('%s signs nothing', async (_, bytes) => {
    const verifier = createVerifier({ publicKey: pem(rsa.publicKey) });
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      expect(await refusalCode(verifier, await sign(alg, createSecretKey(bytes).export()))).toBe(
        'ERR_TOKEN_ALGORITHM',
      );
    }
  });

  it.each(spellings.filter(([name]) => name !== 'DER'))('%s is refused as RELAY_JWT_SECRET', (_, bytes) => {
    expect(() => createVerifier({ secret: bytes.toString() })).toThrow('RELAY_JWT_PUBLIC_KEY');
  });

  it.each(['HS256', 'none'])('%s cannot be configured for a public key', (alg) => {
    expect(() => createVerifier({ publicKey: pem(rsa.publicKey), algorithms: [alg] })).toThrow(
      'RELAY_JWT_ALGORITHMS',
    );
  });
});

describe('a key that cannot serve is refused at start', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const bitcoin = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  const exchange = generateKeyPairSync('x25519');
  it.each<[string, string, string]>([
    ['garbage', 'garbage!', 'cannot be read'],
    ['a damaged PEM', pem(rsa.publicKey).replace('MII', 'XXX'), 'cannot be read'],
    ['a damaged JWK', '{"kty":"RSA"', 'cannot be read'],
    ['a JWK without members', '{"kty":"RSA"}', 'cannot be read'],
    ['a private PEM', rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'private key'],
    ['a private PKCS #1', rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(), 'private key'],
    ['a private JWK', jwk(rsa.privateKey), 'private key'],
    ['a shared secret', '{"kty":"oct","k":"c2VjcmV0"}', 'RELAY_JWT_SECRET'],
    ['a key set', `{"keys":[${jwk(rsa.publicKey)}]}`, 'RELAY_JWKS_URL'],
    ['an encryption key', jwk(rsa.publicKey, { use: 'enc' }), 'not meant for signatures'],
    ['a key for other operations', jwk(rsa.publicKey, { key_ops: ['encrypt'] }), 'not meant for signatures'],
    ['a key whose alg is not its own', jwk(rsa.publicKey, { alg: 'HS256' }), 'does not fit its type'],
    ['a short RSA key', pem(weak.publicKey), '1024 bits'],
    ['a curve without algorithm', pem(bitcoin.publicKey), 'secp256k1'],
    ['a key for key exchange', pem(exchange.publicKey), 'x25519'],
  ])('%s', (_, publicKey, message) => {
    expect(() => createVerifier({ publicKey })).toThrow('RELAY_JWT_PUBLIC_KEY');
    expect(() => createVerifier({ publicKey })).toThrow(message);
  });

  it('an algorithm of another curve', () => {
    expect(() => createVerifier({ publicKey: pem(p256.publicKey), algorithms: ['ES384'] })).toThrow('ES256');
  });
});
