import type { Identity } from '../../src/auth/identity.js';

/** An identity as the verifier makes it of these claims; `sub` is the user. */
export function identity(claims: Record<string, unknown> = {}, more: Partial<Identity> = {}): Identity {
  const all: Record<string, unknown> = { sub: 'alice', ...claims };
  const user = String(all.sub);
  return {
    user,
    userWord: user,
    claims: all,
    expiresAt: undefined,
    tokenId: String(all.jti ?? 'a-digest'),
    ...more,
  };
}
