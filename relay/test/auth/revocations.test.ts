import { beforeEach, describe, expect, it } from 'vitest';
import { Revocations } from '../../src/auth/revocations.js';
import { identity } from './identities.js';

const HOUR = 3_600_000;
/** Seconds. */
const AT = 1_800_000_000;
let now: number;
let revocations: Revocations;

beforeEach(() => {
  now = AT * 1000;
  revocations = new Revocations({ time: HOUR, now: () => now });
});

describe('what is refused', () => {
  it('is nothing before something was revoked', () => {
    expect(revocations.refuses(identity())).toBe(false);
    expect(revocations.ends(identity())).toBeUndefined();
  });

  it.each([
    ['sub', { sub: 'alice' }, identity({ iat: AT - 1 })],
    ['user', { user: 'alice' }, identity({ sub: 'id-7', iat: AT - 1 }, { user: 'alice' })],
    ['jti', { jti: 'one' }, identity({ jti: 'one', iat: AT + 5 })],
    ['sid', { sid: 'here' }, identity({ sid: 'here', iat: AT + 5 })],
    ['sid, with sub', { sid: 'here', sub: 'alice' }, identity({ sid: 'here', iat: AT + 5 })],
    ['sid, with sub, of a token without', { sid: 'here', sub: 'alice' }, identity({ iat: AT - 1 })],
    ['sub, of a token without iat', { sub: 'alice' }, identity()],
    ['sub, of a number', { sub: '7' }, identity({ sub: 7, iat: AT - 1 })],
  ])('is a token by its %s', (_, revoked, refused) => {
    expect(revocations.add({ ...revoked, at: AT })).toBe(true);
    expect(revocations.refuses(refused)).toBe(true);
    expect(revocations.ends(refused)).toBeDefined();
  });

  it.each([
    ['another sub', { sub: 'bob' }],
    ['a user of that name, who has another sub', { sub: 'id-7' }],
    ['another token', { jti: 'alice' }],
    ['another session', { sid: 'there' }],
    ['a session of the same sub', { sid: 'there', sub: 'alice' }],
    ['a kind that nobody has', { jti: 'here' }],
  ])('is not one that was not meant: %s', (_, revoked) => {
    const other = identity({ sid: 'here', iat: AT - 10, jti: 'two' });
    revocations.add({ ...revoked, at: AT });
    expect(revocations.refuses(other)).toBe(false);
    expect(revocations.ends(other)).toBeUndefined();
  });

  it('is no token that was issued later, nor in the same second; a session of that second ends', () => {
    revocations.add({ sub: 'alice', at: AT + 0.9 });
    const tokens = [AT - 1, AT - 0.1, AT, AT + 0.5, AT + 1].map((iat) => identity({ iat }));
    expect(tokens.map((each) => revocations.refuses(each))).toEqual([true, true, false, false, false]);
    expect(tokens.map((each) => revocations.ends(each) !== undefined)).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it('cannot be what is still to come: nobody is locked out by a clock that is ahead', () => {
    revocations.add({ sub: 'alice', at: AT + 86_400 });
    expect(revocations.refuses(identity({ iat: AT + 1 }))).toBe(false);
  });
});

describe('the end of a revocation', () => {
  it('is a while after the end of the token, when that is known', () => {
    revocations.add({ jti: 'one', at: AT, exp: AT + 10 });
    now += 60_000;
    expect(revocations.refuses(identity({ jti: 'one' }))).toBe(true);
    now += 10_001;
    expect(revocations.refuses(identity({ jti: 'one' }))).toBe(false);
  });

  it('is after the set time else', () => {
    revocations.add({ sub: 'alice', at: AT });
    now += HOUR - 1;
    expect(revocations.refuses(identity())).toBe(true);
    now += 1;
    expect(revocations.refuses(identity())).toBe(false);
  });

  it('makes room', () => {
    for (let i = 0; i < 10; i++) revocations.add({ jti: `${i}`, at: AT });
    expect(revocations.size).toBe(10);
    now += HOUR + 60_000;
    revocations.add({ jti: 'later', at: AT + 3660 });
    expect(revocations.size).toBe(1);
  });

  it('has come already for what is read much later', () => {
    now += 2 * HOUR;
    expect(revocations.add({ sub: 'alice', at: AT })).toBe(false);
    expect(revocations.add({ jti: 'one', at: AT, exp: AT + 7200 })).toBe(true);
    expect(revocations.size).toBe(1);
  });
});

describe('the same again', () => {
  it('is nothing new, nor is an earlier one; a later one is', () => {
    expect(revocations.add({ sub: 'alice', at: AT - 5 })).toBe(true);
    expect(revocations.add({ sub: 'alice', at: AT - 5 })).toBe(false);
    expect(revocations.add({ sub: 'alice', at: AT - 9 })).toBe(false);
    expect(revocations.add({ sub: 'alice', at: AT - 4 })).toBe(true);
    expect(revocations.refuses(identity({ iat: AT - 5 }))).toBe(true);
    expect(revocations.size).toBe(1);
  });

  it('cannot shorten what is known', () => {
    revocations.add({ jti: 'one', at: AT, exp: AT + 1000 });
    revocations.add({ jti: 'one', at: AT, exp: AT + 10 });
    now += 500_000;
    expect(revocations.refuses(identity({ jti: 'one' }))).toBe(true);
  });
});

it('forgets the oldest first when there are too many', () => {
  revocations = new Revocations({ time: HOUR, most: 3, now: () => now });
  for (const jti of ['a', 'b', 'c']) revocations.add({ jti, at: AT });
  revocations.add({ jti: 'a', at: AT, exp: AT + 86_400 });
  revocations.add({ jti: 'd', at: AT });
  expect(revocations.size).toBe(3);
  const refused = ['a', 'b', 'c', 'd'].filter((jti) => revocations.refuses(identity({ jti })));
  expect(refused).toEqual(['a', 'c', 'd']);
});

it('makes room for many at a time', () => {
  revocations = new Revocations({ time: HOUR, most: 100, now: () => now });
  for (let i = 0; i < 1000; i++) {
    revocations.add({ jti: `${i}`, at: AT });
    expect(revocations.size).toBeLessThanOrEqual(100);
    expect(revocations.size).toBeGreaterThanOrEqual(Math.min(i + 1, 90));
  }
  expect(revocations.refuses(identity({ jti: '999' }))).toBe(true);
});
