import type { KeyObject } from 'node:crypto';

/** Signature algorithms with a shared secret (RFC 7518, 3.2). */
export const SECRET_ALGORITHMS: readonly string[] = ['HS256', 'HS384', 'HS512'];

const RSA_ALGORITHMS: readonly string[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const EDWARDS_ALGORITHMS: readonly string[] = ['EdDSA', 'Ed25519'];

/** OpenSSL's curve names and the one algorithm that each may be used with (RFC 7518, 3.4). */
const CURVE_ALGORITHM: ReadonlyMap<string, string> = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
]);

/**
 * Every algorithm that a public key may be used with. HS* must never be: everybody knows the public key, so
 * everybody could sign with it.
 */
export const PUBLIC_KEY_ALGORITHMS: readonly string[] = [
  ...RSA_ALGORITHMS,
  ...CURVE_ALGORITHM.values(),
  ...EDWARDS_ALGORITHMS,
];

/** What a key set is trusted with when RELAY_JWT_ALGORITHMS is not set. */
export const JWKS_DEFAULT_ALGORITHMS: readonly string[] = [
  'RS256',
  'PS256',
  ...CURVE_ALGORITHM.values(),
  ...EDWARDS_ALGORITHMS,
];

/** The algorithms that a key can serve, and those that it serves when nothing is configured. */
export interface Fitting {
  readonly possible: readonly string[];
  readonly byDefault: readonly string[];
}

/**
 * The algorithms of a public key, by its type.
 * @throws Error naming RELAY_JWT_PUBLIC_KEY when no supported algorithm uses such a key.
 */
export function algorithmsOfKey(key: KeyObject): Fitting {
  const type = key.asymmetricKeyType;
  if (type === 'rsa') {
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    if (bits < 2048) {
      throw new Error(`RELAY_JWT_PUBLIC_KEY: the RSA key has ${bits} bits; use one of at least 2048`);
    }
    return { possible: RSA_ALGORITHMS, byDefault: ['RS256', 'PS256'] };
  }
  if (type === 'ec') {
    const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
    const algorithm = CURVE_ALGORITHM.get(curve);
    if (algorithm) return { possible: [algorithm], byDefault: [algorithm] };
    throw new Error(`RELAY_JWT_PUBLIC_KEY: curve ${curve} is not supported; use P-256, P-384 or P-521`);
  }
  if (type === 'ed25519') return { possible: EDWARDS_ALGORITHMS, byDefault: EDWARDS_ALGORITHMS };
  throw new Error(
    `RELAY_JWT_PUBLIC_KEY: keys of type ${type} are not supported; use an RSA, EC or Ed25519 public key`,
  );
}

/**
 * The algorithms that tokens may use: the configured ones, or the key's own when nothing is configured.
 * @throws Error naming RELAY_JWT_ALGORITHMS when a configured one does not fit the key.
 */
export function pinAlgorithms(
  configured: readonly string[] | undefined,
  fitting: Fitting,
  keySetting: string,
): string[] {
  if (configured === undefined) return [...fitting.byDefault];
  if (configured.length === 0) {
    throw new Error('RELAY_JWT_ALGORITHMS: name at least one algorithm, or leave the setting out');
  }
  for (const name of configured) {
    if (fitting.possible.includes(name)) continue;
    const why = name.toLowerCase() === 'none' ? 'unsigned tokens are never accepted' : 'it does not fit';
    throw new Error(
      `RELAY_JWT_ALGORITHMS: "${name}" cannot be used with the key in ${keySetting} (${why}); ` +
        `possible are ${fitting.possible.join(', ')}`,
    );
  }
  return [...new Set(configured)];
}
