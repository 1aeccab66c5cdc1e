import { describe, expect, it } from 'vitest';
import { issueDemoToken } from '../../src/auth/demo.js';
import { createVerifier } from '../../src/auth/verifier.js';
import { AuthError } from '../../src/errors.js';

const SECRET = 'a secret of at least thirty-two bytes, no less';

describe('a demo token', () => {
  it('is taken by a verifier with the same settings', async () => {
    const verifier = createVerifier({
      secret: SECRET,
      issuer: 'demo',
      audience: 'relay',
      userClaim: 'realm.user',
      algorithms: ['HS512'],
      requireExp: true,
    });
    const before = Math.floor(Date.now() / 1000);
    const token = await issueDemoToken(SECRET, 'alice@example.com', {
      ttlSeconds: 60,
      issuer: 'demo',
      audience: ['relay'],
      userClaim: 'realm.user',
      algorithm: 'HS512',
      claims: { roles: ['admin'] },
    });
    const identity = await verifier.verify(token);
    expect(identity.user).toBe('alice@example.com');
    expect(identity.claims.roles).toEqual(['admin']);
    expect(identity.expiresAt).toBeGreaterThanOrEqual((before + 60) * 1000);
    expect(identity.expiresAt).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it('can be told from every other, so that it alone can be revoked', async () => {
    const verifier = createVerifier({ secret: SECRET });
    const idOf = async () => (await verifier.verify(await issueDemoToken(SECRET, 'alice'))).claims.jti;
    const [one, two] = [await idOf(), await idOf()];
    expect([typeof one, one === two]).toEqual(['string', false]);
  });

  it('is for the user named, whatever other claims say', async () => {
    const claims = { sub: 'root', exp: 1, iat: 1 };
    const identity = await createVerifier({ secret: SECRET }).verify(
      await issueDemoToken(SECRET, 'alice', { claims }),
    );
    expect(identity.user).toBe('alice');
    expect(identity.expiresAt).toBeGreaterThan(Date.now());
  });

  it.each([undefined, null, 7, ['alice'], '', ' ', 'a\nb', '\ud800', 'a'.repeat(201)])(
    'is not issued for %j',
    async (user) => {
      const error: unknown = await issueDemoToken(SECRET, user).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AuthError);
      expect(error).toMatchObject({ code: 'ERR_TOKEN_USER' });
    },
  );

  it.each([0, -1, 1.5, Number.NaN, 1e9])('cannot live %s seconds', async (ttlSeconds) => {
    await expect(issueDemoToken(SECRET, 'alice', { ttlSeconds })).rejects.toThrow(RangeError);
  });
});
