import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { RelayConfig } from './config.js';
import type { GrantOptions } from './policy/grants.js';

/** The shipped example, seen from the sources and from the compiled relay. */
const EXAMPLES = ['../access.example.yaml', '../../../relay/access.example.yaml'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

export interface AccessFile {
  readonly text: string;
  readonly name: string;
}

/**
 * The access file of these settings: the one that is named, in demo mode else the shipped example, or none.
 * @throws Error that names the setting when the file cannot be read
 */
export function readAccessFile({
  RELAY_ACCESS_FILE,
  RELAY_DEMO,
}: RelayConfig['env']): AccessFile | undefined {
  if (RELAY_ACCESS_FILE) {
    try {
      return { text: readFileSync(RELAY_ACCESS_FILE, 'utf8'), name: RELAY_ACCESS_FILE };
    } catch (error) {
      throw new Error(`RELAY_ACCESS_FILE cannot be read: ${(error as Error).message}`);
    }
  }
  if (!RELAY_DEMO) return undefined;
  for (const name of EXAMPLES) {
    try {
      return { text: readFileSync(name, 'utf8'), name };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('access.example.yaml is missing; name an access file with RELAY_ACCESS_FILE');
}

/** How tokens carry rules of their own, if they do. */
export function grantOptions({
  RELAY_GRANTS_CLAIM: claim,
  RELAY_GRANTS_MODE: mode,
}: RelayConfig['env']): GrantOptions | undefined {
  return claim === undefined ? undefined : { claim, mode };
}
