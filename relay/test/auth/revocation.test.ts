import { describe, expect, it } from 'vitest';
import { keyOf, parseRevocation } from '../../src/auth/revocation.js';

const parse = (value: unknown) =>
  parseRevocation(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

describe('a revocation', () => {
  it.each([
    [{ sub: 'alice' }, 'sub:alice'],
    [{ user: 'alice@example.com' }, 'user:alice@example.com'],
    [{ jti: 'one', exp: 1_900_000_000 }, 'jti:one'],
    [{ sid: 'here', at: 1_800_000_000 }, 'sid:here'],
    [{ sid: 'here', sub: 'alice' }, 'sid:here'],
    [{ sub: 'alice', at: 7, of: 12 }, 'sub:alice'],
  ])('%j is read', (written, key) => {
    const read = parse(written);
    expect(read).toEqual(written);
    expect(read && keyOf(read)).toBe(key);
  });

  it('may say iat for at', () => {
    expect(parse({ sub: 'alice', iat: 7 })).toEqual({ sub: 'alice', at: 7 });
    expect(parse({ sub: 'alice', iat: 7, at: 8 })).toEqual({ sub: 'alice', at: 8 });
  });

  it.each([
    ['no JSON', '{broken'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', [{ sub: 'alice' }]],
    ['nothing that is revoked', { at: 7 }],
    ['two things at once', { sub: 'alice', jti: 'one' }],
    ['a session and a token', { sid: 'here', jti: 'one' }],
    ['a session and a user', { sid: 'here', user: 'alice' }],
    ['an unknown field', { sub: 'alice', reason: 'gone' }],
    ['an empty name', { sub: '' }],
    ['a name that is a number', { sub: 7 }],
    ['a name that is too long', { sub: 'x'.repeat(1025) }],
    ['a time in milliseconds', { sub: 'alice', at: 1_800_000_000_000 }],
    ['an end in milliseconds', { jti: 'one', exp: 1_800_000_000_000 }],
    ['a time that is a text', { sub: 'alice', at: '7' }],
    ['a time before 1970', { sub: 'alice', at: -1 }],
    ['a prototype', '{"__proto__":{"sub":"alice"}}'],
  ])('%s is none', (_, written) => {
    expect(parse(written)).toBeUndefined();
  });
});
