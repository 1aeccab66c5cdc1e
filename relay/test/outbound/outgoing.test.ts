import { expect, it } from 'vitest';
import { Outgoing } from '../../src/outbound/outgoing.js';

it.each([
  ['plain text', Buffer.from('MESSAGE\n\nhello\0'), true],
  ['text beyond ASCII', Buffer.from('MESSAGE\n\nä€😀\0'), true],
  ['nothing', Buffer.alloc(0), true],
  ['a lone continuation byte', Buffer.from([0x41, 0x80]), false],
  ['half a character', Buffer.from('€').subarray(0, 2), false],
  ['a surrogate', Buffer.from([0xed, 0xa0, 0x80]), false],
  ['an overlong form', Buffer.from([0xc0, 0xaf]), false],
])('%s', (_what, bytes, text) => {
  expect(new Outgoing(bytes).isText).toBe(text);
});
