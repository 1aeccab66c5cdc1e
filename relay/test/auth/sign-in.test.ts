import { beforeEach, expect, it } from 'vitest';
import { Failures } from '../../src/auth/failures.js';
import type { Identity, SignIn } from '../../src/auth/identity.js';
import { Revocations } from '../../src/auth/revocations.js';
import { createSignIn } from '../../src/auth/sign-in.js';
import { createVerifier } from '../../src/auth/verifier.js';
import { AuthError } from '../../src/errors.js';
import { inSeconds, secretToken } from '../support/tokens.js';
import { identity } from './identities.js';

const secret = 'a-secret-that-is-long-enough-for-HS256!';
let ready: boolean;
let redeemed: Identity | AuthError;
let revocations: Revocations;
let signIn: SignIn;

beforeEach(() => {
  ready = true;
  redeemed = identity();
  revocations = new Revocations({ time: 3_600_000 });
  signIn = createSignIn({
    verifier: createVerifier({ secret }),
    revocations,
    tickets: {
      redeem: async () => {
        if (redeemed instanceof AuthError) throw redeemed;
        return redeemed;
      },
    },
    failures: new Failures({ most: 2, onLimit() {}, random: () => 0 }),
    isReady: () => ready,
  });
});

const withToken = async (claims: Record<string, unknown>) =>
  signIn.withToken(await secretToken(secret, { sub: 'alice', ...claims }), '192.0.2.1');
const withTicket = () => signIn.withTicket('a ticket', '192.0.2.1');

it('lets in with a good token, and with a ticket', async () => {
  expect((await withToken({})).user).toBe('alice');
  expect(await withTicket()).toBe(redeemed);
});

it('refuses what was revoked, and tells to sign in again', async () => {
  revocations.add({ sub: 'alice', at: inSeconds(0) });
  const refusal = { code: 'ERR_REVOKED', closure: 'revoked' };
  await expect(withToken({ iat: inSeconds(-5) })).rejects.toMatchObject(refusal);
  redeemed = identity({ iat: inSeconds(-5) });
  await expect(withTicket()).rejects.toMatchObject(refusal);
  expect((await withToken({ iat: inSeconds(0) })).user).toBe('alice');
});

it('refuses a ticket whose token has ended', async () => {
  redeemed = identity({}, { expiresAt: Date.now() - 1 });
  await expect(withTicket()).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED', closure: 'tokenExpired' });
  redeemed = identity({}, { expiresAt: Date.now() + 60_000 });
  expect(await withTicket()).toBe(redeemed);
});

it('lets nobody in before it is known who was signed out', async () => {
  ready = false;
  await expect(withToken({})).rejects.toMatchObject({ code: 'ERR_NOT_READY', closure: 'internal' });
  await expect(withTicket()).rejects.toMatchObject({ code: 'ERR_NOT_READY' });
});

it('tells an address with too many bad tokens and tickets to wait, and lets good ones in all the same', async () => {
  const expired = () => withToken({ exp: inSeconds(-60) });
  await expect(expired()).rejects.toMatchObject({ code: 'ERR_TOKEN_EXPIRED' });
  redeemed = new AuthError('ERR_TICKET', 'spent');
  await expect(withTicket()).rejects.toMatchObject({ code: 'ERR_TICKET' });
  for (const again of [expired, withTicket]) {
    await expect(again()).rejects.toMatchObject({ code: 'ERR_TOO_MANY_FAILURES', closure: 'tooEarly' });
  }
  expect((await withToken({})).user).toBe('alice');
});
