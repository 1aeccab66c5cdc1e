import { type RelayConfig, readConfig } from '../../src/config.js';

/** The settings of a relay that says only this of itself. */
export function settings(env: Record<string, string> = {}): RelayConfig {
  return readConfig({ RELAY_JWT_SECRET: 'x'.repeat(32), ...env });
}
