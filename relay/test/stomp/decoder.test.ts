import { describe, expect, test } from 'vitest';
import { FrameDecoder } from '../../src/stomp/decoder.js';
import { type Frame, header } from '../../src/stomp/frame.js';
import { decodeAll, expectFault, faultOf, pieces, seen } from './support.js';

const server = (text: string, version: '1.0' | '1.1' | '1.2' = '1.2') =>
  decodeAll([Buffer.from(text)], { side: 'server', version });
const broker = (text: string | Buffer) => decodeAll([Buffer.from(text)], { side: 'client' });

describe('frames', () => {
  test('command, headers in order, body', () => {
    expect(server('SEND\ndestination:/topic/a\nx:1\nx:2\n\nhello\0')).toEqual([
      { command: 'SEND', headers: ['destination', '/topic/a', 'x', '1', 'x', '2'], body: 'hello' },
    ]);
  });

  test('several in one chunk, heart-beats between them', () => {
    expect(
      server('\n\r\nBEGIN\ntransaction:1\n\n\0\n\nABORT\ntransaction:1\n\n\0DISCONNECT\n\n\0\n'),
    ).toEqual([
      { command: 'BEGIN', headers: ['transaction', '1'], body: '' },
      { command: 'ABORT', headers: ['transaction', '1'], body: '' },
      { command: 'DISCONNECT', headers: [], body: '' },
    ]);
  });

  test.each(['1.0', '1.1', '1.2'] as const)('CR LF ends lines in %s too', (version) => {
    expect(server('SEND\r\ndestination:/topic/a\r\nempty:\r\n\r\na\r\nb\0', version)).toEqual([
      { command: 'SEND', headers: ['destination', '/topic/a', 'empty', ''], body: 'a\r\nb' },
    ]);
  });

  test('a value keeps its colons and, from 1.1 on, its spaces', () => {
    expect(server('SEND\na: b:c \n\n\0')[0]?.headers).toEqual(['a', ' b:c ']);
  });

  test('content-length lets the body hold NUL; without it the first NUL ends the body', () => {
    expect(server('SEND\ncontent-length:3\n\na\0b\0SEND\n\na\0').map((frame) => frame.body)).toEqual([
      'a\0b',
      'a',
    ]);
  });

  test('a head longer than the first window, and of several thousand headers from the broker', () => {
    const headers = Array.from({ length: 5_000 }, (_, i) => [`name-${i}`, `value ${i}`]).flat();
    const lines = headers.map((text, i) => text + (i % 2 === 0 ? ':' : '\n')).join('');
    expect(broker(`MESSAGE\n${lines}\nbody\0`)).toEqual([{ command: 'MESSAGE', headers, body: 'body' }]);
  });

  test('headers are UTF-8, the replacement character included, whatever the body is', () => {
    const text = 'SEND\nä:ö€😀\nr:\uFFFD\n\n';
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from([0xff, 0xc3, 0])]);
    const [frame] = decodeAll([bytes], { side: 'server' });
    expect(frame?.headers).toEqual(['ä', 'ö€😀', 'r', '\uFFFD']);
    expect(frame?.body).toBe('\xff\xc3');
  });

  test('a body that is not UTF-8 does not disturb ASCII headers', () => {
    const bytes = Buffer.concat([Buffer.from('SEND\na:b\n\n'), Buffer.from([0xff, 0xef, 0xbf, 0xbd, 0])]);
    expect(decodeAll([bytes], { side: 'server' })[0]?.headers).toEqual(['a', 'b']);
  });

  test('the body of a whole frame is a view on the chunk, that of a cut one is not', () => {
    const frames: Frame[] = [];
    const decoder = new FrameDecoder({ onFrame: (frame) => frames.push(frame) }, { side: 'server' });
    const chunk = Buffer.from('SEND\n\nbody\0SEND\n\nbo');
    decoder.push(chunk);
    decoder.push(Buffer.from('dy\0'));
    chunk.fill(0x78);
    expect(frames.map((frame) => frame.body.toString())).toEqual(['xxxx', 'body']);
  });
});

describe('escapes', () => {
  test('1.2 undoes all four, in names too', () => {
    expect(server('SEND\na\\cb\\n:\\r\\n\\c\\\\n\n\n\0')[0]?.headers).toEqual(['a:b\n', '\r\n:\\n']);
  });

  test('1.1 has no \\r', () => {
    expect(server('SEND\na:\\n\\c\\\\\n\n\0', '1.1')[0]?.headers).toEqual(['a', '\n:\\']);
    expectFault('SEND\na:\\r\n\n\0', 'ERR_BAD_ESCAPE', { side: 'server', version: '1.1' });
  });

  test('1.0 has none', () => {
    expect(server('SEND\na:\\n\\t\\\n\n\0', '1.0')[0]?.headers).toEqual(['a', '\\n\\t\\']);
  });

  test.each(['\\t', '\\', '\\N', 'x\\', '\\0', '\\:'])('undefined: %s', (value) => {
    expectFault(`SEND\na:${value}\n\n\0`, 'ERR_BAD_ESCAPE');
  });

  test('the error names no part of the header', () => {
    expect(faultOf([Buffer.from('SEND\na:secret\\t\n\n\0')], { side: 'server' })?.message).not.toContain(
      'secret',
    );
  });

  test('CONNECT, STOMP and CONNECTED are never unescaped', () => {
    const headers = ['accept-version', '1.2', 'passcode', 'a\\cb\\t'];
    const lines = 'accept-version:1.2\npasscode:a\\cb\\t\n\n\0';
    expect(server(`CONNECT\n${lines}STOMP\n${lines}`).map((frame) => frame.headers)).toEqual([
      headers,
      headers,
    ]);
    expect(broker('CONNECTED\nsession:a\\cb\n\n\0')[0]?.headers).toEqual(['session', 'a\\cb']);
  });
});

describe('STOMP 1.0', () => {
  test('leading spaces of values go, as with RabbitMQ, but no other white space', () => {
    expect(server('SEND\na:  b \nc:\td\ncontent-length: 2\n\nab\0', '1.0')).toEqual([
      { command: 'SEND', headers: ['a', 'b ', 'c', '\td', 'content-length', '2'], body: 'ab' },
    ]);
  });

  test('a CONNECT without accept-version is one of 1.0', () => {
    expect(server('CONNECT\nlogin: guest\n\n\0')[0]?.headers).toEqual(['login', 'guest']);
    expect(server('CONNECT\naccept-version:1.2\nlogin: guest\n\n\0')[0]?.headers).toContain(' guest');
  });

  test('has no NACK', () => {
    expectFault('NACK\nmessage-id:1\n\n\0', 'ERR_BAD_COMMAND', { side: 'server', version: '1.0' });
  });
});

describe('the decoder as an object', () => {
  test('a version set in onFrame counts for the next frame of the same chunk', () => {
    const values: (string | undefined)[] = [];
    const decoder = new FrameDecoder(
      {
        onFrame(frame) {
          values.push(header(frame.headers, 'a'));
          decoder.version = '1.0';
        },
      },
      { side: 'server' },
    );
    decoder.push(Buffer.from('SEND\na:\\n\n\n\0SEND\na:\\n\n\n\0'));
    expect(values).toEqual(['\n', '\\n']);
  });

  test('stop() in onFrame drops the rest of the chunk and all that follows', () => {
    const commands: string[] = [];
    const decoder = new FrameDecoder(
      {
        onFrame(frame) {
          commands.push(frame.command);
          decoder.stop();
        },
      },
      { side: 'server' },
    );
    decoder.push(Buffer.from('BEGIN\n\n\0COMMIT\n\n\0'));
    decoder.push(Buffer.from('rubbish\n\n\0'));
    expect(commands).toEqual(['BEGIN']);
    expect(decoder.idle).toBe(true);
  });

  test('after a fault, or an error of the handler, further input is ignored', () => {
    const commands: string[] = [];
    const decoder = new FrameDecoder(
      { onFrame: (frame) => commands.push(frame.command) },
      { side: 'server' },
    );
    expect(() => decoder.push(Buffer.from('BEGIN\n\n\0WHAT\n\n\0'))).toThrow('STOMP command');
    decoder.push(Buffer.from('BEGIN\n\n\0'));
    expect(commands).toEqual(['BEGIN']);

    const failing = new FrameDecoder(
      {
        onFrame() {
          commands.push('failing');
          throw new Error('the handler failed');
        },
      },
      { side: 'server' },
    );
    expect(() => failing.push(Buffer.from('BEGIN\n\n\0BEGIN\n\n\0'))).toThrow('the handler failed');
    failing.push(Buffer.from('BEGIN\n\n\0'));
    expect(commands).toEqual(['BEGIN', 'failing']);
  });

  test('idle between frames only', () => {
    const decoder = new FrameDecoder({ onFrame: () => undefined }, { side: 'server' });
    const idle = pieces(Buffer.from('\r\nSEND\n\nx\0\n'), 1).map((byte) => {
      decoder.push(byte);
      return decoder.idle ? 'i' : '.';
    });
    expect(idle.join('')).toBe('.i.......ii');
  });

  test('heart-beats are told once per run of line ends, cut or not', () => {
    let beats = 0;
    const frames: unknown[] = [];
    const decoder = new FrameDecoder(
      { onFrame: (frame) => frames.push(seen(frame)), onHeartbeat: () => beats++ },
      { side: 'client' },
    );
    decoder.push(Buffer.from('\n\r\n\n'));
    expect(beats).toBe(1);
    decoder.push(Buffer.from('\n'));
    decoder.push(Buffer.from('\nRECEIPT\nreceipt-id:1\n\n\0\n'));
    expect(beats).toBe(4);
    expect(frames).toHaveLength(1);
  });

  test('a stream of nothing but heart-beats goes on for ever', () => {
    let beats = 0;
    const decoder = new FrameDecoder(
      { onFrame: () => undefined, onHeartbeat: () => beats++ },
      { side: 'server', limits: { maxFrameBytes: 10 } },
    );
    for (let i = 0; i < 10_000; i++) decoder.push(Buffer.from('\n\n\n\r\n'));
    expect(beats).toBe(10_000);
  });
});

describe('what the broker sends', () => {
  test('all four commands, ended as RabbitMQ ends them', () => {
    const text =
      'CONNECTED\nversion:1.2\n\n\0\nRECEIPT\nreceipt-id:1\n\n\0\nERROR\nmessage:m\ncontent-length:1\n\n!\0\n';
    expect(broker(text).map((frame) => frame.command)).toEqual(['CONNECTED', 'RECEIPT', 'ERROR']);
  });

  test("a service's odd headers are mended and do not end the link", () => {
    const bytes = Buffer.concat([
      Buffer.from('MESSAGE\nnul:a\0b\n:nameless\nbad:'),
      Buffer.from([0xff]),
      Buffer.from('\ncontent-length:1\n\nx\0MESSAGE\nnext:1\n\n\0'),
    ]);
    for (const size of [bytes.length, 1, 7]) {
      expect(decodeAll(pieces(bytes, size), { side: 'client' })).toEqual([
        {
          command: 'MESSAGE',
          headers: ['nul', 'a\uFFFDb', 'bad', '\uFFFD', 'content-length', '1'],
          body: 'x',
        },
        { command: 'MESSAGE', headers: ['next', '1'], body: '' },
      ]);
    }
  });

  test('it sends no client commands', () => {
    expectFault('SEND\n\n\0', 'ERR_BAD_COMMAND', { side: 'client' });
  });
});
