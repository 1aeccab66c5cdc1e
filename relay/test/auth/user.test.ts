import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { checkUserName, MAX_USER_WORD_BYTES, userFromClaims } from '../../src/auth/user.js';
import { createVerifier } from '../../src/auth/verifier.js';
import { refusalCode } from './tokens.js';

describe('a user name', () => {
  it.each([
    ['alice', 'alice'],
    ['alice@example.com', 'alice%40example%2Ecom'],
    ['*', '%2A'],
    ['#', '%23'],
    ['a.*.#', 'a%2E%2A%2E%23'],
    ['..', '%2E%2E'],
    ['a/b', 'a%2Fb'],
    ['%2E', '%252E'],
    ['Zoë 日本 😀', 'Zo%C3%AB%20%E6%97%A5%E6%9C%AC%20%F0%9F%98%80'],
  ])('%j is the one word %s', (user, userWord) => {
    expect(checkUserName(user, 'x')).toEqual({ user, userWord });
  });

  it('is one word that no binding reads as a pattern, and from which the name can be told', () => {
    const letters = fc.oneof(
      fc.constantFrom('.', '*', '#', '/', '%', '2', 'E', 'é', '日', '😀'),
      fc.string({ maxLength: 5 }),
    );
    const names = fc.array(letters, { minLength: 1, maxLength: 8 }).map((list) => `a${list.join('')}`);
    fc.assert(
      fc.property(names, (user) => {
        const word = checkUserName(user, 'x').userWord;
        expect(word).toMatch(/^[A-Za-z0-9%_~!'()-]+$/);
        expect(decodeURIComponent(word)).toBe(user);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['blanks', '  '],
    ['a line end', 'a\nb'],
    ['a NUL', 'a\0'],
    ['a C1 control', 'a\u0085b'],
    ['half a surrogate pair', 'a\ud83d'],
    ['the other half', '\ude00a'],
  ])('must not be or have %s', (_, user) => {
    expect(() => checkUserName(user, 'x')).toThrow('the user name cannot be used');
  });

  it('may have 200 bytes when encoded, and not one more', () => {
    expect(checkUserName('a'.repeat(MAX_USER_WORD_BYTES), 'x').userWord).toHaveLength(200);
    expect(() => checkUserName('a'.repeat(MAX_USER_WORD_BYTES + 1), 'x')).toThrow('200 bytes');
    expect(checkUserName(`${'a'.repeat(188)}😀`, 'x').userWord).toHaveLength(200);
    expect(() => checkUserName(`${'a'.repeat(189)}😀`, 'x')).toThrow('200 bytes');
  });
});

describe('the user claim', () => {
  it.each<[unknown, string, Record<string, unknown>]>([
    ['alice', 'sub', { sub: 'alice' }],
    ['42', 'sub', { sub: 42 }],
    ['0', 'id', { id: 0 }],
    ['alice', 'realm.user', { realm: { user: 'alice' } }],
    ['flat', 'realm.user', { 'realm.user': 'flat', realm: { user: 'nested' } }],
    ['alice', 'https://example.com/user', { 'https://example.com/user': 'alice' }],
  ])('gives %j from %s of %j', (user, claim, claims) => {
    expect(userFromClaims(claims, claim).user).toBe(user);
  });

  it.each<[string, Record<string, unknown>]>([
    ['sub', {}],
    ['sub', { sub: null }],
    ['sub', { sub: true }],
    ['sub', { sub: ['alice'] }],
    ['sub', { sub: { name: 'alice' } }],
    ['sub', { sub: '' }],
    ['sub', { sub: 1.5 }],
    ['sub', { sub: 2 ** 53 }],
    ['constructor.name', {}],
    ['toString.length', {}],
    ['__proto__.x', {}],
    ['realm.user.length', { realm: { user: 'alice' } }],
    ['list.0', { list: ['alice'] }],
    ['realm.', { realm: { user: 'alice' } }],
  ])('%s of %j names nobody', (claim, claims) => {
    expect(() => userFromClaims(claims, claim)).toThrow(`claim "${claim}"`);
  });

  it('of a signed token is checked the same way', async () => {
    const secret = 'a secret of at least thirty-two bytes, no less';
    const verifier = createVerifier({ secret, userClaim: 'realm.user' });
    const sign = (claims: Record<string, unknown>) =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(secret));
    expect((await verifier.verify(await sign({ sub: 'x', realm: { user: 'alice' } }))).user).toBe('alice');
    expect(await refusalCode(verifier, await sign({ sub: 'alice' }))).toBe('ERR_TOKEN_USER');
    expect(await refusalCode(verifier, await sign({ realm: { user: '\ud800' } }))).toBe('ERR_TOKEN_USER');
  });
});
