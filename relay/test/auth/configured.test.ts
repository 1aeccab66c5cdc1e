import { expect, it } from 'vitest';
import { configuredVerifier, verifierWith } from '../../src/auth/configured.js';
import { readConfig } from '../../src/config.js';
import { AuthError } from '../../src/errors.js';
import { secretToken } from '../support/tokens.js';

const secret = 'a-secret-that-is-long-enough-for-HS256!';
const verifier = (env: Record<string, string> = {}) =>
  configuredVerifier(readConfig({ RELAY_JWT_SECRET: secret, ...env }));

it.each([
  [{ RELAY_USER_CLAIM: 'name' }, 'ERR_TOKEN_USER'],
  [{ RELAY_JWT_ISSUER: 'https://idp.example' }, 'ERR_TOKEN_ISSUER'],
  [{ RELAY_JWT_AUDIENCE: 'relay' }, 'ERR_TOKEN_AUDIENCE'],
  [{ RELAY_JWT_ALGORITHMS: 'HS512' }, 'ERR_TOKEN_ALGORITHM'],
  [{ RELAY_JWT_SECRET: `another-${secret}` }, 'ERR_TOKEN_SIGNATURE'],
])('checks what %j says', async (env, code) => {
  const token = await secretToken(secret, { sub: 'alice' });
  expect((await verifier().verify(token)).user).toBe('alice');
  await expect(verifier(env).verify(token)).rejects.toMatchObject({ code });
});

it('refuses also what one more check throws at', async () => {
  const checked = verifierWith(verifier(), ({ user }) => {
    if (user === 'mallory') throw new AuthError('ERR_TOKEN_GRANTS', 'no');
  });
  expect((await checked.verify(await secretToken(secret, { sub: 'alice' }))).user).toBe('alice');
  const token = await secretToken(secret, { sub: 'mallory' });
  await expect(checked.verify(token)).rejects.toMatchObject({ code: 'ERR_TOKEN_GRANTS' });
});
