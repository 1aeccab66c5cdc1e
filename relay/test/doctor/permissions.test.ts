import { describe, expect, it } from 'vitest';
import { judgeOwn } from '../../src/doctor/checks/permissions.js';
import { missingOf, permits, reachedOf } from '../../src/doctor/permission.js';

const all = { configure: '.*', write: '.*', read: '.*' };

describe('the permissions of the relay', () => {
  it.each([
    [all, undefined],
    [{ ...all, configure: '^(relay|amq\\.gen-|stomp-subscription-)' }, undefined],
    [{ ...all, configure: '' }, /may not configure relay\.unread$/],
    [{ ...all, write: '^relay\\.' }, /may not write amq\.default/],
    [{ ...all, read: '^(amq|stomp|relay\\.user)' }, /may not read relay\.unread/],
    [
      { ...all, configure: '^(amq|stomp|relay\\.(unread|user|app|control|directory|revocations))' },
      /relay\.node/,
    ],
  ])('%j', (permission, says) => {
    const findings = judgeOwn('relay', '/', permission);
    if (says === undefined) expect(findings).toEqual([]);
    else
      expect(findings).toMatchObject([{ code: 'DOC_PERMISSION_MISSING', what: expect.stringMatching(says) }]);
  });

  it('are not judged when the broker knows the user by other means', () => {
    expect(judgeOwn('relay', '/', undefined)).toEqual([]);
  });
});

it('names what can be reached, and what cannot, for each kind', () => {
  const permission = { configure: '^a', write: '^(?!relay\\.)', read: '(broken' };
  expect(reachedOf(permission, ['relay.user', 'amq.topic'])).toEqual([
    'configure amq.topic',
    'write amq.topic',
  ]);
  const needs = { configure: ['b'], write: ['b'], read: ['b'] };
  expect(missingOf(permission, needs)).toEqual(['configure b', 'read b']);
  expect(permits('', '')).toBe(false);
});
