import { type JwksTiming, remoteKeys } from './jwks.js';
import { type KeySource, publicKey, secretKeys } from './keys.js';

export interface KeyOptions {
  /** Shared secret, as UTF-8 text (RELAY_JWT_SECRET). Exactly one of the three key sources must be given. */
  readonly secret?: string | undefined;
  /** PEM, X.509 certificate, or JWK as JSON (RELAY_JWT_PUBLIC_KEY). */
  readonly publicKey?: string | undefined;
  /** Address of a JSON Web Key Set, http or https (RELAY_JWKS_URL). */
  readonly jwksUrl?: string | undefined;
  /** The algorithms accepted; by default those of the key. Never `none`, never HS* with a public key. */
  readonly algorithms?: readonly string[] | undefined;
  /** Caching of the key set. */
  readonly jwks?: JwksTiming | undefined;
}

/**
 * The keys that all tokens are checked with.
 * @throws Error naming the setting that is wrong.
 */
export function chooseKeys(options: KeyOptions): KeySource {
  const { secret, publicKey: key, jwksUrl, algorithms } = options;
  const given = [secret, key, jwksUrl].filter((value) => value !== undefined).length;
  if (given !== 1) {
    throw new Error(
      `${given === 0 ? 'no key to check tokens with' : 'more than one key to check tokens with'}: ` +
        'set exactly one of RELAY_JWT_SECRET, RELAY_JWT_PUBLIC_KEY, RELAY_JWKS_URL',
    );
  }
  if (secret !== undefined) return secretKeys(secret, algorithms);
  if (key !== undefined) return publicKey(key, algorithms);
  return remoteKeys(jwksUrl ?? '', algorithms, options.jwks);
}
