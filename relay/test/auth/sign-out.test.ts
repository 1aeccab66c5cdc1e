import { beforeEach, expect, it } from 'vitest';
import type { Identity } from '../../src/auth/identity.js';
import type { DatedRevocation } from '../../src/auth/revocation.js';
import { Revocations } from '../../src/auth/revocations.js';
import { SignOut } from '../../src/auth/sign-out.js';
import type { RelayError } from '../../src/errors.js';
import { createLogger } from '../../src/logger.js';
import { identity } from './identities.js';

const AT = Math.floor(Date.now() / 1000);

class HeldSession {
  readonly errors: RelayError[] = [];

  constructor(readonly identity: Identity | undefined) {}

  fail(error: RelayError): void {
    this.errors.push(error);
  }
}

let sessions: HeldSession[];
let tickets: Identity[];
let published: DatedRevocation[];
let revocations: Revocations;
let signOut: SignOut;

beforeEach(() => {
  [sessions, tickets, published] = [[], [], []];
  revocations = new Revocations({ time: 3_600_000 });
  signOut = new SignOut({
    revocations,
    // Always the ones of the moment.
    sessions: { [Symbol.iterator]: () => sessions[Symbol.iterator]() },
    dropTickets: (isOut) => {
      tickets = tickets.filter((each) => !isOut(each));
    },
    revokeEverywhere: (revocation) => published.push(revocation),
    log: createLogger('silent'),
  });
});

function open(each: Identity | undefined): HeldSession {
  const session = new HeldSession(each);
  sessions.push(session);
  return session;
}

it('ends the sessions and tickets that are meant, and says how many by what', () => {
  const [one, two, other, early] = [
    open(identity({ iat: AT - 9 })),
    open(identity({ iat: AT - 5 })),
    open(identity({ sub: 'bob', iat: AT - 9 })),
    open(undefined),
  ];
  tickets = [identity({ iat: AT - 7 }), identity({ sub: 'bob' })];
  signOut.add({ sub: 'alice', at: AT });
  expect(one.errors).toEqual([]);
  expect([...signOut.apply()]).toEqual([['sub:alice', 2]]);
  for (const { errors } of [one, two]) {
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_REVOKED', closure: 'revoked' })]);
  }
  expect([other.errors, early.errors]).toEqual([[], []]);
  expect(tickets.map(({ user }) => user)).toEqual(['bob']);
  expect(published).toEqual([]);
});

it('does not end who has come since, when the same is said again', () => {
  signOut.add({ sub: 'alice', at: AT });
  signOut.apply();
  const session = open(identity({ iat: AT, jti: 'new' }));
  signOut.add({ sub: 'alice', at: AT });
  signOut.add({ sub: 'alice', at: AT - 1 });
  signOut.remember({ sub: 'alice', at: AT });
  expect(signOut.apply().size).toBe(0);
  expect(session.errors).toEqual([]);
});

it('has a token of that very second refused by its name, everywhere', () => {
  const session = open(identity({ iat: AT, jti: 'same' }, { expiresAt: (AT + 600) * 1000 }));
  tickets = [identity({ iat: AT, jti: 'ticket' })];
  signOut.add({ sub: 'alice', at: AT });
  signOut.apply();
  expect(session.errors).toHaveLength(1);
  expect(tickets).toEqual([]);
  expect(published).toMatchObject([{ jti: 'same', exp: AT + 600 }, { jti: 'ticket' }]);
  for (const jti of ['same', 'ticket']) expect(revocations.refuses(identity({ iat: AT, jti }))).toBe(true);
  expect(revocations.refuses(identity({ iat: AT, jti: 'fresh' }))).toBe(false);
});

it('ends the others also when one of them cannot be ended', () => {
  const broken = open(identity());
  broken.fail = () => {
    throw new Error('broken');
  };
  const session = open(identity());
  signOut.add({ sub: 'alice', at: AT });
  signOut.apply();
  expect(session.errors).toHaveLength(1);
});
