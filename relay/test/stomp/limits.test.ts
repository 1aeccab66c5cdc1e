import { expect, test } from 'vitest';
import { CLIENT_SIDE_LIMITS, resolveLimits, SERVER_SIDE_LIMITS } from '../../src/stomp/limits.js';

test('each side has its defaults, and any can be replaced', () => {
  expect(resolveLimits('server')).toEqual(SERVER_SIDE_LIMITS);
  expect(resolveLimits('client', { maxHeaders: 7 })).toEqual({ ...CLIENT_SIDE_LIMITS, maxHeaders: 7 });
});

test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('%s is no limit', (value) => {
  expect(() => resolveLimits('server', { maxFrameBytes: value })).toThrow(
    'maxFrameBytes must be a whole number',
  );
});
