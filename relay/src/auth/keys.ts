import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import type { JWTVerifyGetKey } from 'jose';
import { algorithmsOfKey, type Fitting, pinAlgorithms, SECRET_ALGORITHMS } from './algorithms.js';

/** Where the verifier's keys come from. */
export interface KeySource {
  /** The algorithms that a token may use; every other one is refused before a key is looked for. */
  readonly algorithms: string[];
  /** The key for a token, by the token's (unverified) protected header. */
  readonly keyFor: JWTVerifyGetKey;
  /** What an operator should know about these keys, one sentence each; never the key. */
  readonly warnings: readonly string[];
  /** Makes the keys ready, so that the first token need not wait. Rejects when they cannot be had. */
  warmUp(): Promise<void>;
}

/** RFC 7518, 3.2: a key as long as the hash; 32 bytes is that for HS256. */
const STRONG_SECRET_BYTES = 32;

/**
 * A shared secret, taken as UTF-8 text.
 * @throws Error naming RELAY_JWT_SECRET or RELAY_JWT_ALGORITHMS.
 */
export function secretKeys(secret: string, configured: readonly string[] | undefined): KeySource {
  if (secret.includes('-----BEGIN') || /^\s*\{.*"kty"/s.test(secret)) {
    // Key confusion: a public key is known to everybody, so as an HMAC secret it signs for everybody.
    throw new Error('RELAY_JWT_SECRET holds a key file; a public key belongs in RELAY_JWT_PUBLIC_KEY');
  }
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.length === 0) throw new Error('RELAY_JWT_SECRET is empty');
  const fitting: Fitting = { possible: SECRET_ALGORITHMS, byDefault: SECRET_ALGORITHMS };
  const algorithms = pinAlgorithms(configured, fitting, 'RELAY_JWT_SECRET');
  // Importing costs as much as verifying, so each hash gets its key once.
  const imported = new Map<string, Promise<webcrypto.CryptoKey>>();
  const keyFor = (algorithm: string): Promise<webcrypto.CryptoKey> => {
    const known = imported.get(algorithm);
    if (known) return known;
    const hash = `SHA-${algorithm.slice(2)}`;
    const key = webcrypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash }, false, ['verify']);
    imported.set(algorithm, key);
    return key;
  };
  return {
    algorithms,
    keyFor: (header) => keyFor(header.alg),
    warnings:
      bytes.length < STRONG_SECRET_BYTES
        ? [
            `RELAY_JWT_SECRET has ${bytes.length} bytes and can be guessed; use ${STRONG_SECRET_BYTES} random bytes`,
          ]
        : [],
    warmUp: async () => {
      await Promise.all(algorithms.map(keyFor));
    },
  };
}

/**
 * One public key: PEM (SPKI, PKCS #1 or an X.509 certificate; `\n` may be written out, as in one-line
 * environment files), a JWK as JSON, or the bare base64 of SPKI that identity providers like to show.
 * @throws Error naming RELAY_JWT_PUBLIC_KEY or RELAY_JWT_ALGORITHMS.
 */
export function publicKey(text: string, configured: readonly string[] | undefined): KeySource {
  const { key, algorithm } = readPublicKey(text.trim().replaceAll('\\n', '\n'));
  const fitting = narrow(algorithmsOfKey(key), algorithm);
  const algorithms = pinAlgorithms(configured, fitting, 'RELAY_JWT_PUBLIC_KEY');
  return { algorithms, keyFor: () => key, warnings: [], warmUp: async () => {} };
}

function readPublicKey(text: string): { key: KeyObject; algorithm?: string } {
  if (text.startsWith('{')) return readJwk(text);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new Error('RELAY_JWT_PUBLIC_KEY holds a private key; give the relay the public one only');
  }
  try {
    if (text.startsWith('-----BEGIN')) return { key: createPublicKey(text) };
    if (/^[A-Za-z0-9+/=\s]+$/.test(text)) {
      const der = Buffer.from(text, 'base64');
      return { key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
    }
  } catch {
    // OpenSSL's own words ("asn1 encoding routines") tell an operator nothing.
  }
  throw unreadable();
}

function readJwk(text: string): { key: KeyObject; algorithm?: string } {
  let jwk: Record<string, unknown>;
  try {
    jwk = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw unreadable();
  }
  if ('keys' in jwk) {
    throw new Error('RELAY_JWT_PUBLIC_KEY holds a key set; give one key, or its address in RELAY_JWKS_URL');
  }
  if (jwk.kty === 'oct' || 'k' in jwk) {
    throw new Error('RELAY_JWT_PUBLIC_KEY holds a shared secret; that belongs in RELAY_JWT_SECRET');
  }
  if ('d' in jwk) {
    throw new Error('RELAY_JWT_PUBLIC_KEY holds a private key; give the relay the public one only');
  }
  const operations = jwk.key_ops;
  if (jwk.use === 'enc' || (Array.isArray(operations) && !operations.includes('verify'))) {
    throw new Error(
      'RELAY_JWT_PUBLIC_KEY holds a key that is not meant for signatures (see its use, key_ops)',
    );
  }
  const algorithm = jwk.alg;
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return typeof algorithm === 'string' ? { key, algorithm } : { key };
  } catch {
    throw unreadable();
  }
}

function unreadable(): Error {
  return new Error(
    'RELAY_JWT_PUBLIC_KEY cannot be read; give a public key as PEM (BEGIN PUBLIC KEY or BEGIN CERTIFICATE) or JWK',
  );
}

/** A JWK's own `alg` leaves only that one (RFC 7517, 4.4). */
function narrow(fitting: Fitting, algorithm: string | undefined): Fitting {
  if (algorithm === undefined) return fitting;
  if (!fitting.possible.includes(algorithm)) {
    throw new Error(
      `RELAY_JWT_PUBLIC_KEY: the key's alg does not fit its type (${fitting.possible.join(', ')})`,
    );
  }
  return { possible: [algorithm], byDefault: [algorithm] };
}
