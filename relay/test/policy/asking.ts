import type { Identity } from '../../src/auth/identity.js';
import { userWord } from '../../src/destination.js';
import { loadPolicy } from '../../src/policy/load.js';
import type { Policy } from '../../src/policy/policy.js';

/** Whoever a good token of this user would make. */
export function identity(user: string, claims: Record<string, unknown> = {}): Identity {
  return {
    user,
    userWord: userWord(user),
    claims: { sub: user, ...claims },
    expiresAt: undefined,
    tokenId: 'one',
  };
}

/** An access file with these rules; their first line is line 3. */
export function rules(yaml: string): Policy {
  return loadPolicy(`version: 1\nrules:\n${yaml}`, 'access.yaml');
}
