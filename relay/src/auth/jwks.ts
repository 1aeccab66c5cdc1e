import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { AuthError } from '../errors.js';
import { JWKS_DEFAULT_ALGORITHMS, PUBLIC_KEY_ALGORITHMS, pinAlgorithms } from './algorithms.js';
import type { KeySource } from './keys.js';

/** How often a key set is fetched. All in milliseconds. */
export interface JwksTiming {
  /** Keys younger than this are used without asking. Default 10 min. */
  readonly maxAgeMs?: number;
  /** While the provider cannot be reached, keys younger than this go on being used. Default 1 h. */
  readonly maxStaleMs?: number;
  /** Least time between two fetches, whatever tokens with unknown key ids arrive. Default 10 s. */
  readonly cooldownMs?: number;
  /** One fetch, answer included. Default 5 s. */
  readonly timeoutMs?: number;
  /** A clock that never goes back. Default `performance.now()`. */
  readonly clock?: () => number;
}

const MAX_BYTES = 1024 * 1024;

/**
 * The keys of an identity provider, fetched from its JWKS address when they are first needed.
 *
 * - A token with an unknown key id means that the keys were rotated: they are fetched again, at most once in
 *   `cooldownMs`, so that nobody can make the relay hammer the provider by inventing key ids.
 * - A failed fetch is not tried again within `cooldownMs` either; meanwhile keys in hand are used until `maxStaleMs`.
 * - Only this address is ever asked: a token's own `jku`, `x5u` and `jwk` count for nothing.
 *
 * @throws Error naming RELAY_JWKS_URL or RELAY_JWT_ALGORITHMS, at creation.
 */
export function remoteKeys(
  address: string,
  configured: readonly string[] | undefined,
  timing: JwksTiming = {},
): KeySource {
  const url = checkAddress(address);
  const fitting = { possible: PUBLIC_KEY_ALGORITHMS, byDefault: JWKS_DEFAULT_ALGORITHMS };
  const algorithms = pinAlgorithms(configured, fitting, 'RELAY_JWKS_URL');
  const keys = new RemoteKeys(url, timing);
  return {
    algorithms,
    keyFor: keys.keyFor,
    warnings: isPlainRemote(url)
      ? ['RELAY_JWKS_URL is not https: whoever is on the way can sign tokens']
      : [],
    warmUp: keys.warmUp,
  };
}

class RemoteKeys {
  readonly #url: URL;
  readonly #maxAge: number;
  readonly #maxStale: number;
  readonly #cooldown: number;
  readonly #timeout: number;
  readonly #clock: () => number;
  #keys: JWTVerifyGetKey | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #failure: { at: number; error: AuthError } | undefined;
  #pending: Promise<JWTVerifyGetKey> | undefined;

  constructor(url: URL, timing: JwksTiming) {
    this.#url = url;
    this.#maxAge = timing.maxAgeMs ?? 10 * 60_000;
    this.#maxStale = timing.maxStaleMs ?? 60 * 60_000;
    this.#cooldown = timing.cooldownMs ?? 10_000;
    this.#timeout = timing.timeoutMs ?? 5_000;
    this.#clock = timing.clock ?? (() => performance.now());
  }

  readonly warmUp = async (): Promise<void> => {
    await this.#current();
  };

  readonly keyFor: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return (await this.#afterRotation(keys, error))(header, token);
    }
  };

  /** Keys newer than `known`, which lacked the one wanted. */
  async #afterRotation(known: JWTVerifyGetKey, reason: Error): Promise<JWTVerifyGetKey> {
    if (this.#keys && this.#keys !== known) return this.#keys;
    const failure = this.#recentFailure();
    if (failure) throw failure;
    if (this.#clock() - this.#fetchedAt < this.#cooldown) throw reason;
    return this.#fetch();
  }

  async #current(): Promise<JWTVerifyGetKey> {
    const keys = this.#keys;
    if (keys && this.#clock() - this.#fetchedAt < this.#maxAge) return keys;
    try {
      const failure = this.#recentFailure();
      if (failure) throw failure;
      return await this.#fetch();
    } catch (error) {
      if (keys && this.#clock() - this.#fetchedAt < this.#maxStale) return keys;
      throw error;
    }
  }

  #recentFailure(): AuthError | undefined {
    const failure = this.#failure;
    return failure && this.#clock() - failure.at < this.#cooldown ? failure.error : undefined;
  }

  /** One fetch at a time; whoever asks meanwhile waits for the same one. */
  #fetch(): Promise<JWTVerifyGetKey> {
    this.#pending ??= this.#download()
      .then(
        (keys) => {
          this.#keys = keys;
          this.#fetchedAt = this.#clock();
          this.#failure = undefined;
          return keys;
        },
        (cause: unknown) => {
          const error = keysUnavailable(cause);
          this.#failure = { at: this.#clock(), error };
          throw error;
        },
      )
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }

  async #download(): Promise<JWTVerifyGetKey> {
    const response = await fetch(this.#url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // A redirect would let an open redirector on the provider's host choose our keys.
      redirect: 'error',
      signal: AbortSignal.timeout(this.#timeout),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the JWKS address answered with HTTP ${response.status}`);
    }
    return createLocalJWKSet(JSON.parse(await readLimited(response)) as JSONWebKeySet);
  }
}

async function readLimited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) throw new Error(`the key set is larger than ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Nothing is known about the token; the relay lacks its keys, so coming back later is right. The cause is for the log. */
export function keysUnavailable(cause: unknown): AuthError {
  const error = new AuthError(
    'ERR_KEYS_UNAVAILABLE',
    'the token cannot be checked now because the keys of the identity provider cannot be had; try again later',
    'internal',
  );
  error.cause = cause;
  return error;
}

function checkAddress(address: string): URL {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new Error('RELAY_JWKS_URL is not a URL; it looks like https://id.example.com/jwks.json');
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new Error(`RELAY_JWKS_URL must be http or https, not ${url.protocol.slice(0, -1)}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error('RELAY_JWKS_URL must not carry a user name or a password');
  }
  return url;
}

function isPlainRemote(url: URL): boolean {
  return url.protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}
