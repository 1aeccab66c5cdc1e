import type { Identity } from '../auth/identity.js';
import type { RelayConfig } from '../config.js';
import { claimOf } from '../policy/claims.js';
import { Seats } from './seats.js';

/** The admission that the settings ask for. @param onLimit is told the name of a setting that refuses somebody. */
export function createAdmission(env: RelayConfig['env'], onLimit: (limit: string) => void): Seats {
  return new Seats({
    // The last hundredth is for plain HTTP: a full relay whose probes fail would be ended, with all that it carries.
    connections: env.RELAY_MAX_CONNECTIONS - Math.floor(env.RELAY_MAX_CONNECTIONS / 100),
    perAddress: env.RELAY_MAX_SESSIONS_PER_ADDRESS,
    perUser: env.RELAY_MAX_SESSIONS_PER_USER,
    perTenant: env.RELAY_MAX_SESSIONS_PER_TENANT,
    rate: env.RELAY_CONNECT_RATE,
    burst: env.RELAY_CONNECT_BURST,
    tenantOf: (identity) => tenantOf(identity, env.RELAY_TENANT_CLAIM),
    onLimit,
  });
}

function tenantOf(identity: Identity, claim: string): string | undefined {
  const value = claimOf(identity, claim);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
