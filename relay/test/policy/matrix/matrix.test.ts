import { describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/auth/identity.js';
import { type Action, parseDestination, sendTarget, userWord } from '../../../src/destination.js';
import { RelayError } from '../../../src/errors.js';
import { type Access, createAccess } from '../../../src/policy/access.js';
import { explain } from '../../../src/policy/explain.js';
import { loadPolicy } from '../../../src/policy/load.js';
import { permit } from '../../../src/policy/permit.js';
import { ROWS } from './destinations.js';
import { expectations } from './expectations.js';
import { ACCESS_FILE, GRANTS_CLAIM, IDENTITIES, type MatrixIdentity } from './identities.js';

const file = loadPolicy(ACCESS_FILE, 'matrix.yaml');
const access: Record<MatrixIdentity['mode'], Access> = {
  narrow: createAccess(file, { grants: { claim: GRANTS_CLAIM, mode: 'narrow' } }),
  widen: createAccess(file, { grants: { claim: GRANTS_CLAIM, mode: 'widen' } }),
};

/** Those whose token itself is good enough to ask with: the others never get as far as the policy. */
const asking = new Map(
  IDENTITIES.filter(({ refused }) => refused === undefined || refused === 'grants').map((each) => [
    each,
    identityOf(each),
  ]),
);

function identityOf({ user, claims }: MatrixIdentity): Identity {
  return {
    user,
    userWord: userWord(user),
    claims: { sub: user, ...claims },
    expiresAt: undefined,
    tokenId: user,
  };
}

function isLetThrough(policy: Access, action: Action, text: string, identity: Identity): boolean {
  try {
    const destination = parseDestination(text, action, identity.userWord);
    permit(policy, identity, action, destination);
    if (action === 'send') sendTarget(destination);
    return true;
  } catch (error) {
    if (error instanceof RelayError) return false;
    throw error;
  }
}

describe('the matrix', () => {
  it('is as large as it has to be', () => {
    expect(IDENTITIES.length).toBeGreaterThanOrEqual(12);
    expect(ROWS.length).toBeGreaterThanOrEqual(30);
    expect(new Set(ROWS.map(({ destination }) => destination)).size).toBe(ROWS.length);
    expect(expectations()).toHaveLength(ROWS.length * IDENTITIES.length * 2);
  });

  it('lets nobody do anything whose token is refused', () => {
    expect(expectations().filter(({ identity, allowed }) => identity.refused && allowed)).toEqual([]);
  });

  it.each(['subscribe', 'send'] as const)(
    'of %s is what the policy says, and what explain says',
    (action) => {
      const wrong: string[] = [];
      for (const { identity: who, destination, allowed, ...cell } of expectations()) {
        const identity = asking.get(who);
        if (cell.action !== action || identity === undefined) continue;
        const policy = access[who.mode];
        const policySays = isLetThrough(policy, action, destination, identity);
        const explainSays = explain(policy, action, destination, identity).allowed;
        if (policySays !== allowed || explainSays !== allowed) {
          wrong.push(`${who.user} ${action} ${JSON.stringify(destination)}: ${policySays}, ${explainSays}`);
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  it('keeps everybody below their own key, whatever they call it', () => {
    for (const [who, identity] of asking) {
      for (const { destination } of ROWS) {
        if (!destination.startsWith('/user/')) continue;
        const { broker, allowed } = explain(access[who.mode], 'subscribe', destination, identity);
        if (!allowed || broker === null) continue;
        expect(broker).toMatchObject({
          exchange: 'relay.user',
          routingKey: expect.stringMatching(`^${identity.userWord.replaceAll('.', '\\.')}\\.`),
        });
      }
    }
  });
});
