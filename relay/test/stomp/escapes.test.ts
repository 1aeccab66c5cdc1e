import { expect, test } from 'vitest';
import { escapeHeader, unescapeHeader } from '../../src/stomp/escapes.js';

test('escaping and undoing it', () => {
  const plain = 'a:b\\n\n\r::\\';
  expect(escapeHeader(plain)).toBe('a\\cb\\\\n\\n\\r\\c\\c\\\\');
  expect(unescapeHeader(escapeHeader(plain), '1.2')).toBe(plain);
});

test('what needs no escape stays the same string', () => {
  expect(escapeHeader('/topic/ä 😀')).toBe('/topic/ä 😀');
  expect(unescapeHeader('/topic/ä 😀', '1.2')).toBe('/topic/ä 😀');
});

test('an escaped backslash is not read a second time', () => {
  expect(unescapeHeader('\\\\n', '1.2')).toBe('\\n');
  expect(unescapeHeader('\\\\\\n', '1.1')).toBe('\\\n');
});

test('the error says what the version has', () => {
  expect(() => unescapeHeader('\\t', '1.2')).toThrow('STOMP 1.2 has \\r, \\n, \\c and \\\\');
  expect(() => unescapeHeader('\\r', '1.1')).toThrow('STOMP 1.1 has \\n, \\c and \\\\');
  expect(unescapeHeader('\\t', '1.0')).toBe('\\t');
});
