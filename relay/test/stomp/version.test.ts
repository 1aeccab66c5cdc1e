import { expect, test } from 'vitest';
import { negotiateVersion } from '../../src/stomp/version.js';

test.each([
  [undefined, '1.0'],
  ['1.2', '1.2'],
  ['1.0,1.1,1.2', '1.2'],
  ['1.2,1.1,1.0', '1.2'],
  ['1.0, 1.1 ,2.0', '1.1'],
  ['1.0', '1.0'],
])('accept-version %s', (accept, version) => {
  expect(negotiateVersion(accept)).toBe(version);
});

test.each(['', '2.0', '1', '1.20', 'v1.2', '1.2;1.1'])('nothing in common with %j', (accept) => {
  expect(() => negotiateVersion(accept)).toThrow(
    expect.objectContaining({ code: 'ERR_UNSUPPORTED_VERSION' }),
  );
  expect(() => negotiateVersion(accept)).toThrow('1.0,1.1,1.2');
});

test('only what the server supports', () => {
  expect(negotiateVersion('1.0,1.1,1.2', ['1.1', '1.0'])).toBe('1.1');
  expect(() => negotiateVersion(undefined, ['1.2', '1.1'])).toThrow('1.1,1.2');
});
