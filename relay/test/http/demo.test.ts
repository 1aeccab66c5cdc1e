import { describe, expect, it } from 'vitest';
import { createVerifier } from '../../src/auth/verifier.js';
import { claimOf } from '../../src/policy/claims.js';
import { ask, type Refusal, secret, serve } from './serve.js';

const DEMO = { RELAY_DEMO: '1' };

async function identityOf(body: object, env: Record<string, string> = {}) {
  const { url } = await serve({ ...DEMO, ...env });
  const answer = await ask<{ token: string }>(`${url}/demo/token`, { body });
  expect(answer.status).toBe(200);
  return createVerifier({ secret }).verify(answer.body.token);
}

describe('a demo token', () => {
  it('has no roles and an hour unless asked for', async () => {
    const { claims, expiresAt = 0 } = await identityOf({ user: 'alice' });
    expect(claims).not.toHaveProperty('roles');
    expect(Math.abs(expiresAt - Date.now() - 3_600_000)).toBeLessThan(60_000);
  });

  it('has the roles that were asked for, where the relay looks for them', async () => {
    expect((await identityOf({ user: 'alice', roles: ['admin', 'x'] })).claims.roles).toEqual(['admin', 'x']);
    const claim = 'realm_access.roles';
    const identity = await identityOf({ user: 'alice', roles: ['admin'] }, { RELAY_ROLES_CLAIM: claim });
    expect(claimOf(identity, claim)).toEqual(['admin']);
  });

  it.each([1, 86_400])('lives %i seconds when asked to', async (expiresIn) => {
    const { expiresAt = 0, claims } = await identityOf({ user: 'alice', expiresIn });
    expect(expiresAt / 1000 - Number(claims.iat)).toBe(expiresIn);
  });

  it.each([
    { roles: 'admin' },
    { roles: [7] },
    { roles: [''] },
    { roles: Array(21).fill('x') },
    { roles: ['x'.repeat(101)] },
    { expiresIn: 0 },
    { expiresIn: 86_401 },
    { expiresIn: 1.5 },
    { expiresIn: '60' },
    { expires: 60 },
  ])('is not given for %j, and the error names the field', async (wrong) => {
    const { url } = await serve(DEMO);
    const answer = await ask<Refusal>(`${url}/demo/token`, { body: { user: 'alice', ...wrong } });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'ERR_BAD_REQUEST']);
    expect(answer.body.error.message).toContain(Object.keys(wrong)[0]);
  });
});

describe('cutting the links', () => {
  it('takes a token', async () => {
    let cut = 0;
    const { url } = await serve(DEMO, { cutLinks: () => ++cut });
    const refused = await ask(`${url}/demo/cut-links`, { method: 'POST' });
    expect([refused.status, cut]).toEqual([401, 0]);
    const answer = await ask(`${url}/demo/cut-links`, { method: 'POST', as: 'alice' });
    expect([answer.status, answer.body, cut]).toEqual([200, { cut: 1 }, 1]);
  });

  it('is done once a second at most, whoever asks', async () => {
    let cut = 0;
    const { url } = await serve(DEMO, { cutLinks: () => ++cut });
    const answers = await Promise.all(
      ['alice', 'bob', 'carol', 'dave', 'erin'].map((as) =>
        ask<Refusal>(`${url}/demo/cut-links`, { method: 'POST', as }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(refused.map(() => '1'));
    expect(cut).toBe(answers.length - refused.length);
  });

  it('is for demo mode only, and a POST', async () => {
    const demo = await serve(DEMO);
    expect((await ask(`${demo.url}/demo/cut-links`, { as: 'alice' })).status).toBe(405);
    const { url } = await serve();
    expect((await ask(`${url}/demo/cut-links`, { method: 'POST', as: 'alice' })).status).toBe(404);
  });
});
