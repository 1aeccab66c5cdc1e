import { beforeEach, describe, expect, it } from 'vitest';
import type { DatedRevocation } from '../../src/auth/revocation.js';
import { loadPolicy } from '../../src/policy/load.js';
import { ask, type Refusal, serve } from './serve.js';

const RULES = `
version: 1
rules:
  - when: { sub: root }
    manage: [sessions]
`;

let revoked: DatedRevocation[];
beforeEach(() => {
  revoked = [];
});

async function served() {
  const policy = loadPolicy(RULES, 'test');
  const revoke = async (revocation: DatedRevocation) => revoked.push(revocation);
  return serve({}, { policy, revoke });
}

const end = async (url: string, as: string, path: string) =>
  ask<Refusal>(`${url}/api/users/${path}/sessions`, { as, method: 'DELETE' });

describe('DELETE /api/users/{user}/sessions', () => {
  it.each([
    ['one’s own', 'alice', 'alice', 'alice'],
    ['one’s own, percent-encoded', 'a/b@example.com', 'a%2Fb%40example.com', 'a/b@example.com'],
    ['somebody’s, where a rule allows it', 'root', 'alice', 'alice'],
  ])('ends %s', async (_, as, path, user) => {
    const { url } = await served();
    const before = Math.floor(Date.now() / 1000);
    const { status, body } = await end(url, as, path);
    expect([status, body]).toEqual([200, { closedHere: 1 }]);
    const at = expect.any(Number);
    // Who ends their own has no more use for the token with which they said so.
    const own = as === user ? [{ jti: expect.any(String), at, exp: expect.any(Number) }] : [];
    expect(revoked).toEqual([{ user, at }, ...own]);
    expect(revoked[0]?.at).toBeGreaterThanOrEqual(before);
  });

  it('does not end anybody else’s', async () => {
    const { url } = await served();
    const { status, body } = await end(url, 'alice', 'bob');
    expect([status, body.error.code]).toEqual([403, 'ERR_FORBIDDEN']);
    expect(body.error.message).toContain('manage: [sessions]');
    // Names are compared as they are.
    expect((await end(url, 'alice', 'Alice')).status).toBe(403);
    expect(revoked).toEqual([]);
  });

  it.each(['%20', '%00', '%E0', 'x'.repeat(201)])('takes no %s for a user', async (path) => {
    const { url } = await served();
    expect((await end(url, 'root', path)).status).toBe(400);
    expect(revoked).toEqual([]);
  });

  it('says so when it cannot be done: 503', async () => {
    const { url } = await serve();
    const { status, headers, body } = await end(url, 'alice', 'alice');
    expect([status, body.error.code]).toEqual([503, 'ERR_BROKER_UNAVAILABLE']);
    expect(headers.get('retry-after')).toBe('1');
  });
});
