import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from './files.js';
import type { Ports } from './ports.js';

/** What makes a data directory one particular node. Kept in the directory, readable by its owner alone. */
export interface NodeIdentity {
  /** The broker's database is bound to it, so it must never change. */
  nodeName: string;
  cookie: string;
  brokerPassword: string;
  clientPassword: string;
  ports?: Ports;
}

const fileName = 'node.json';

/** Reads the identity of a data directory, or makes up a new one for an empty directory. */
export function loadIdentity(dataDir: string): NodeIdentity {
  const file = join(dataDir, fileName);
  if (existsSync(file)) {
    try {
      const identity: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (isIdentity(identity)) return identity;
    } catch {
      // Falls through to the one error below: a broken file and a foreign file need the same answer.
    }
    throw new Error(`${file} is damaged. Remove the directory ${dataDir} to begin with an empty broker.`);
  }
  return {
    nodeName: `relay-${randomBytes(5).toString('hex')}@localhost`,
    cookie: randomBytes(24).toString('hex'),
    brokerPassword: randomBytes(24).toString('base64url'),
    clientPassword: randomBytes(24).toString('base64url'),
  };
}

export function saveIdentity(dataDir: string, identity: NodeIdentity): void {
  writePrivate(join(dataDir, fileName), `${JSON.stringify(identity, null, 2)}\n`);
}

function isIdentity(value: unknown): value is NodeIdentity {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Record<string, unknown>;
  return ['nodeName', 'cookie', 'brokerPassword', 'clientPassword'].every(
    (key) => typeof record[key] === 'string' && record[key] !== '',
  );
}
