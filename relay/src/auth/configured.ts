import type { RelayConfig } from '../config.js';
import { chooseKeys } from './choose-keys.js';
import type { Identity, TokenVerifier } from './identity.js';
import type { KeySource } from './keys.js';
import { createVerifier, type Verifier } from './verifier.js';

/** The keys that the settings describe. @throws Error naming the setting that is wrong */
export function configuredKeys({ env, publicKey }: RelayConfig): KeySource {
  return chooseKeys({
    secret: env.RELAY_JWT_SECRET,
    publicKey,
    jwksUrl: env.RELAY_JWKS_URL,
    algorithms: env.RELAY_JWT_ALGORITHMS,
  });
}

/** The check for tokens that the settings describe. @throws Error naming the setting that is wrong */
export function configuredVerifier(config: RelayConfig, keys = configuredKeys(config)): Verifier {
  const { env } = config;
  const options = {
    issuer: env.RELAY_JWT_ISSUER,
    audience: env.RELAY_JWT_AUDIENCE,
    userClaim: env.RELAY_USER_CLAIM,
    requireExp: env.RELAY_JWT_REQUIRE_EXP,
  };
  return createVerifier(options, keys);
}

/** The same verifier, which refuses also what `check` throws at. */
export function verifierWith(verifier: TokenVerifier, check: (identity: Identity) => void): TokenVerifier {
  return {
    async verify(token) {
      const identity = await verifier.verify(token);
      check(identity);
      return identity;
    },
  };
}
