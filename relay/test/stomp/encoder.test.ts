import { describe, expect, test } from 'vitest';
import { commandRules } from '../../src/stomp/commands.js';
import { encodeFrame } from '../../src/stomp/encoder.js';
import { EMPTY_BODY, type HeaderList, type StompVersion } from '../../src/stomp/frame.js';

function encode(
  command: string,
  headers: HeaderList,
  body: string | Buffer = EMPTY_BODY,
  version: StompVersion = '1.2',
): string {
  return encodeFrame(command, headers, Buffer.from(body), version).toString();
}

const faultWith = (code: string) => expect.objectContaining({ name: 'ProtocolError', code });

describe('layout', () => {
  test('headers in order, content-length last, NUL at the end and nothing after it', () => {
    expect(encode('MESSAGE', ['b', '1', 'a', '2', 'b', '3'], '€')).toBe(
      'MESSAGE\nb:1\na:2\nb:3\ncontent-length:3\n\n€\0',
    );
  });

  test('no headers, no body, neither', () => {
    expect(encode('SEND', [], 'x')).toBe('SEND\ncontent-length:1\n\nx\0');
    expect(encode('DISCONNECT', ['receipt', '1'])).toBe('DISCONNECT\nreceipt:1\n\n\0');
    expect(encode('DISCONNECT', [])).toBe('DISCONNECT\n\n\0');
    expect(encode('RECEIPT', ['receipt-id', ''])).toBe('RECEIPT\nreceipt-id:\n\n\0');
  });

  test('headers beyond ASCII, with and without escapes', () => {
    expect(encode('MESSAGE', ['ä', '😀', 'x', '\u0101'])).toBe('MESSAGE\nä:😀\nx:\u0101\n\n\0');
    expect(encode('MESSAGE', ['ä:', '😀\n', 'x', 'é'], 'b')).toBe(
      'MESSAGE\nä\\c:😀\\n\nx:é\ncontent-length:1\n\nb\0',
    );
  });

  test('half a surrogate pair becomes the replacement character', () => {
    expect(encode('MESSAGE', ['a', '\ud800', 'b', '\udc00x'])).toBe('MESSAGE\na:\uFFFD\nb:\uFFFDx\n\n\0');
  });

  test('characters that stand for something inside the encoder are only characters', () => {
    expect(encode('MESSAGE', ['a\x01', '\x01\x01', 'b', 'c'])).toBe('MESSAGE\na\x01:\x01\x01\nb:c\n\n\0');
  });
});

describe('content-length', () => {
  test('the right one stays where it is', () => {
    expect(encode('SEND', ['content-length', '2', 'a', 'b'], 'xy')).toBe(
      'SEND\ncontent-length:2\na:b\n\nxy\0',
    );
  });

  test.each([
    ['too small', ['content-length', '1', 'a', 'b']],
    ['too large', ['content-length', '3', 'a', 'b']],
    ['written otherwise', ['content-length', '02', 'a', 'b']],
    ['right, twice', ['content-length', '2', 'a', 'b', 'content-length', '2']],
    ['right, then wrong', ['content-length', '2', 'a', 'b', 'content-length', '1']],
    ['wrong, then right', ['content-length', '1', 'a', 'b', 'content-length', '2']],
  ])('one that is %s is replaced', (_, headers) => {
    expect(encode('SEND', headers, 'xy')).toBe('SEND\na:b\ncontent-length:2\n\nxy\0');
    expect(encode('SEND', [...headers, 'x', ':'], 'xy')).toBe('SEND\na:b\nx:\\c\ncontent-length:2\n\nxy\0');
  });

  test.each(['0', '5', ''])('%j goes when there is no body', (length) => {
    expect(encode('SUBSCRIBE', ['id', '1', 'content-length', length])).toBe('SUBSCRIBE\nid:1\n\n\0');
    expect(encode('MESSAGE', ['content-length', length])).toBe('MESSAGE\n\n\0');
  });
});

describe('escapes', () => {
  test('1.2 has all four, 1.1 all but CR', () => {
    expect(encode('SEND', ['a:\n\r\\', '\r\n:\\'])).toBe('SEND\na\\c\\n\\r\\\\:\\r\\n\\c\\\\\n\n\0');
    expect(encode('SEND', ['a:\n\\', '\n:\\'], '', '1.1')).toBe('SEND\na\\c\\n\\\\:\\n\\c\\\\\n\n\0');
  });

  test('1.0, CONNECT, STOMP and CONNECTED have none', () => {
    expect(encode('SEND', ['a\\', ':\\c'], '', '1.0')).toBe('SEND\na\\::\\c\n\n\0');
    for (const command of ['CONNECT', 'STOMP', 'CONNECTED']) {
      expect(encode(command, ['a\\', ':\\c'])).toBe(`${command}\na\\::\\c\n\n\0`);
    }
  });
});

describe('what a version cannot write', () => {
  const cases: [string, StompVersion, string, string][] = [
    ['SEND', '1.0', 'a', 'b\nc'],
    ['SEND', '1.0', 'a', 'b\r'],
    ['SEND', '1.0', 'a\nb', 'c'],
    ['SEND', '1.0', 'a:b', 'c'],
    ['SEND', '1.1', 'a', 'b\rc'],
    ['SEND', '1.1', 'a\r', 'c'],
    ['CONNECT', '1.2', 'a', 'b\nc'],
    ['CONNECT', '1.2', 'a:b', 'c'],
    ['SEND', '1.2', '', 'c'],
  ];

  test.each(cases)('%s of %s to the broker is refused: %j:%j', (command, version, name, value) => {
    expect(() => encode(command, [name, value], '', version)).toThrow(
      faultWith('ERR_UNREPRESENTABLE_HEADER'),
    );
  });

  test.each(['1.0', '1.1', '1.2'] as const)('NUL is refused in %s in every frame', (version) => {
    for (const { name } of commandRules()) {
      for (const headers of [
        ['a', 'b\0'],
        ['a\0', 'b'],
        ['content-type', 'b\0', 'a:', ''],
      ]) {
        expect(() => encode(name, headers, '', version)).toThrow(faultWith('ERR_UNREPRESENTABLE_HEADER'));
      }
    }
  });

  test('in a frame to a client line ends become spaces, and such names are left out', () => {
    expect(encode('MESSAGE', ['a', '1\r\n2', 'b:', '3', 'c\n', '4', '', '5', 'd', '6'], 'x', '1.0')).toBe(
      'MESSAGE\na:1  2\nd:6\ncontent-length:1\n\nx\0',
    );
    expect(encode('ERROR', ['message', '1\r\n2', 'b:\r', '3', 'c\n', '4'], '', '1.1')).toBe(
      'ERROR\nmessage:1 \\n2\nc\\n:4\n\n\0',
    );
    expect(encode('CONNECTED', ['session', '1\n2', 'a\nb', '3'])).toBe('CONNECTED\nsession:1 2\n\n\0');
  });
});

describe('misuse', () => {
  test('an unknown command', () => {
    expect(() => encode('SEND\n\n\0SEND', [])).toThrow(faultWith('ERR_BAD_COMMAND'));
  });

  test('a body where there must be none', () => {
    for (const { name, body } of commandRules()) {
      if (body) expect(encode(name, [], 'x')).toContain('x\0');
      else expect(() => encode(name, [], 'x')).toThrow(faultWith('ERR_BODY_NOT_ALLOWED'));
    }
  });

  test('a name without a value never lets unwritten memory out', () => {
    expect(() => encode('SEND', ['a'])).toThrow(TypeError);
    expect(() => encode('SEND', ['a', 'b', 'é'])).toThrow(TypeError);
  });
});
