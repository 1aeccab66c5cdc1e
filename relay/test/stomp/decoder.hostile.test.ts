import { describe, expect, test } from 'vitest';
import { decodeAll, expectFault } from './support.js';

describe('commands', () => {
  test.each([
    'connect\n\n\0',
    ' SEND\n\n\0',
    'SEND \n\n\0',
    'MESSAGE\n\n\0',
    'CONNECTED\n\n\0',
    '\\nSEND\n\n\0',
    '\0',
    'SEND\0',
    'toString\n\n\0',
    'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
    'A'.repeat(20),
    '\rSEND\n\n\0',
    '\n\r\rSEND\n\n\0',
    '\u{feff}SEND\n\n\0',
  ])('%j is refused', (text) => {
    expectFault(text, 'ERR_BAD_COMMAND');
  });
});

describe('headers', () => {
  test.each([
    ['no colon', 'SEND\na\n\n\0'],
    ['no colon, one in the next line', 'SEND\na\nb:c\n\n\0'],
    ['no name', 'SEND\n:a\n\n\0'],
    ['white space for a blank line', 'SEND\na:b\n \n\0'],
    ['NUL in a value', 'SEND\na:b\0c\n\n\0'],
    ['NUL in a name', 'SEND\na\0:b\n\n\0'],
    ['no end before the NUL', 'SEND\na:b\n\0'],
    ['no end, and another frame after the NUL', 'SEND\na:b\0SEND\na:b\n\n\0'],
    ['CR within the command', 'SE\rND\na:b\n\n\0'],
    ['CR within a value', 'SEND\na:b\rc\n\n\0'],
    ['two CRs at the end of a line', 'SEND\na:b\r\r\n\n\0'],
    ['CR at the start of a line', 'SEND\n\ra:b\n\n\0'],
  ])('%s', (_, text) => {
    expectFault(text, 'ERR_BAD_HEADER');
    expectFault(text, 'ERR_BAD_HEADER', { side: 'server', version: '1.0' });
  });

  test.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a sequence cut short by the line end', [0xe2, 0x82]],
    ['Latin-1', [0xe4]],
    ['next to a genuine replacement character', [0xef, 0xbf, 0xbd, 0xff]],
  ])('not UTF-8: %s', (_, octets) => {
    const text = Buffer.concat([Buffer.from('SEND\na:'), Buffer.from(octets), Buffer.from('\n\nbody\0')]);
    expectFault(text, 'ERR_BAD_HEADER');
  });

  test('a line never borrows the colon of the next one, from the broker either', () => {
    expectFault('SEND\na\n:b\n\n\0', 'ERR_BAD_HEADER');
    expectFault('MESSAGE\na\n:b\n\n\0', 'ERR_BAD_HEADER', { side: 'client' });
  });

  test('a far-away CR in the body is no CR in the headers', () => {
    const frames = decodeAll([Buffer.from('SEND\na:b\nc:d\n\n\r\r\n\r\0')], { side: 'server' });
    expect(frames).toEqual([{ command: 'SEND', headers: ['a', 'b', 'c', 'd'], body: '\r\r\n\r' }]);
  });
});

describe('content-length', () => {
  test.each(['-1', '+5', ' 5', '5 ', '1e3', '0x5', '', '5.0', '٥', '5,5', 'NaN'])(
    '%j is no length',
    (value) => {
      expectFault(`SEND\ncontent-length:${value}\n\nhello\0`, 'ERR_BAD_CONTENT_LENGTH');
    },
  );

  test('too small: something else stands where the NUL must be', () => {
    expectFault('SEND\ncontent-length:4\n\nhello\0', 'ERR_MISSING_NUL');
  });

  test('too large: the next frame is taken for the body, and is never seen as a frame', () => {
    expectFault('SEND\ncontent-length:6\n\nhello\0SEND\n\nx\0', 'ERR_MISSING_NUL');
  });

  test.each(['9007199254740992', '9007199254740993', '10000000000', '9'.repeat(400)])(
    '%s is refused before any of it arrives',
    (value) => {
      const text = `SEND\ncontent-length:${value}\n\n`;
      expectFault(text, 'ERR_FRAME_TOO_LARGE');
      expectFault(text.replace('SEND', 'MESSAGE'), 'ERR_FRAME_TOO_LARGE', { side: 'client' });
    },
  );

  test('twice: the same is harmless, two that disagree are refused', () => {
    const twice = (a: string, b: string) => `SEND\ncontent-length:${a}\ncontent-length:${b}\n\nab\0`;
    expect(decodeAll([Buffer.from(twice('2', '02'))], { side: 'server' })[0]?.body).toBe('ab');
    expectFault(twice('2', '0'), 'ERR_BAD_CONTENT_LENGTH');
    expectFault(twice('0', '2'), 'ERR_BAD_CONTENT_LENGTH');
    expectFault(twice('2', 'x'), 'ERR_BAD_CONTENT_LENGTH');
  });

  test('a name that only looks like it is another header', () => {
    const [frame] = decodeAll([Buffer.from('SEND\nContent-Length:9\ncontent-lengthy:9\n\nab\0')], {
      side: 'server',
    });
    expect(frame?.body).toBe('ab');
  });
});

describe('smuggling', () => {
  const hidden = 'SEND\ndestination:/exchange/relay.user/bob.x\n\nhidden\0';

  test.each([
    'SUBSCRIBE',
    'CONNECT',
    'STOMP',
    'UNSUBSCRIBE',
    'ACK',
    'NACK',
    'BEGIN',
    'COMMIT',
    'ABORT',
    'DISCONNECT',
  ])('nothing hides in the body of %s', (command) => {
    const head = `${command}\naccept-version:1.2\n`;
    expectFault(`${head}content-length:${hidden.length + 2}\n\n\0${hidden}\0`, 'ERR_BODY_NOT_ALLOWED');
    expectFault(`${head}content-length:${hidden.length}\n\n${hidden}\0`, 'ERR_BODY_NOT_ALLOWED');
    expectFault(`${head}content-length:1\n\n`, 'ERR_BODY_NOT_ALLOWED');
    expectFault(`${head}\nx\0`, 'ERR_BODY_NOT_ALLOWED');
    expectFault(`${head}content-length:0\n\nx\0`, 'ERR_BODY_NOT_ALLOWED');
    expectFault(`${head}content-length:0\ncontent-length:5\n\n\0`, 'ERR_BAD_CONTENT_LENGTH');
  });

  test('a body of length 0 is no body', () => {
    const frames = decodeAll([Buffer.from('SUBSCRIBE\nid:1\ncontent-length:0\n\n\0')], { side: 'server' });
    expect(frames.map((frame) => frame.command)).toEqual(['SUBSCRIBE']);
  });

  test('what a content-length covers is data, however much it looks like frames', () => {
    const body = `\0${hidden}`;
    const text = `SEND\ncontent-length:${body.length}\n\n${body}\0`;
    expect(decodeAll([Buffer.from(text)], { side: 'server' }).map((frame) => frame.body)).toEqual([body]);
  });
});
