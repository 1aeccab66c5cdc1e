import { beforeEach, expect, it } from 'vitest';
import { Failures } from '../../src/auth/failures.js';
import { AuthError, LimitError, RelayError } from '../../src/errors.js';

const bad = new AuthError('ERR_TOKEN_SIGNATURE', 'bad');
let now: number;
let limits: string[];
let failures: Failures;

beforeEach(() => {
  now = 0;
  limits = [];
  failures = new Failures({
    most: 3,
    onLimit: (limit) => limits.push(limit),
    clock: () => now,
    random: () => 0,
  });
});

it('says what is wrong as long as there are few, and then when to come again', () => {
  for (let i = 0; i < 3; i++) expect(failures.count(bad, '192.0.2.1')).toBe(bad);
  const refusal = failures.count(bad, '192.0.2.1');
  expect(refusal).toBeInstanceOf(LimitError);
  expect(refusal).toMatchObject({
    code: 'ERR_TOO_MANY_FAILURES',
    closure: 'tooEarly',
    limit: 'RELAY_MAX_AUTH_FAILURES',
    retryAfter: 20,
  });
  expect(limits).toEqual(['RELAY_MAX_AUTH_FAILURES']);
  now += 20_000;
  expect(failures.count(bad, '192.0.2.1')).toBe(bad);
});

it('counts each address by itself, and one network of IPv6 as one', () => {
  for (let i = 0; i < 3; i++) failures.count(bad, `2001:db8::${i + 1}`);
  expect(failures.count(bad, '2001:db8::ffff')).toBeInstanceOf(LimitError);
  expect(failures.count(bad, '2001:db8:0:1::1')).toBe(bad);
  expect(failures.count(bad, '192.0.2.1')).toBe(bad);
});

it.each([
  ['our keys that cannot be had', new AuthError('ERR_KEYS_UNAVAILABLE', 'away', 'internal')],
  ['our broker that is away', new RelayError('ERR_BROKER_UNAVAILABLE', 'away', 'brokerUnavailable')],
  ['a fault of ours', new Error('broken')],
])('does not count %s', (_, error) => {
  for (let i = 0; i < 10; i++) expect(failures.count(error, '192.0.2.1')).toBe(error);
  expect(failures.count(bad, '192.0.2.1')).toBe(bad);
});
