import { describe, expect, test } from 'vitest';
import type { DecoderOptions } from '../../src/stomp/decoder.js';
import { decodeAll, pieces, type Seen } from './support.js';

const binary = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

const CORPUS: readonly { name: string; options: DecoderOptions; bytes: Buffer; frames: Seen[] }[] = [
  {
    name: 'escapes, UTF-8 of 2 to 4 octets, binary body',
    options: { side: 'server' },
    bytes: Buffer.concat([
      Buffer.from('SEND\ndestination:/topic/ä€😀\nesc\\caped:\\r\\n\\c\\\\\ncontent-length:256\n\n'),
      binary,
      Buffer.from('\0'),
    ]),
    frames: [
      {
        command: 'SEND',
        headers: ['destination', '/topic/ä€😀', 'esc:aped', '\r\n:\\', 'content-length', '256'],
        body: binary.toString('latin1'),
      },
    ],
  },
  {
    name: 'CR LF everywhere, heart-beats, several frames, bodies with and without content-length',
    options: { side: 'server', version: '1.1' },
    bytes: Buffer.from(
      '\r\n\nSEND\r\na:b\r\n\r\n\r\n\n\0\r\nBEGIN\r\ntransaction:1\r\n\r\n\0SEND\ncontent-length:0\n\n\0\nSEND\n\n\0',
    ),
    frames: [
      { command: 'SEND', headers: ['a', 'b'], body: '\r\n\n' },
      { command: 'BEGIN', headers: ['transaction', '1'], body: '' },
      { command: 'SEND', headers: ['content-length', '0'], body: '' },
      { command: 'SEND', headers: [], body: '' },
    ],
  },
  {
    name: '1.0: spaces after the colon, backslashes as they are',
    options: { side: 'server', version: '1.0' },
    bytes: Buffer.from('SEND\na:  \\x\ncontent-length: 3\n\n\0\0\0\0'),
    frames: [{ command: 'SEND', headers: ['a', '\\x', 'content-length', '3'], body: '\0\0\0' }],
  },
  {
    name: 'broker frames',
    options: { side: 'client' },
    bytes: Buffer.from(
      'CONNECTED\nserver:RabbitMQ/4\nversion:1.2\n\n\0\nMESSAGE\nsubscription:sub-0\nb:\\c\ncontent-length:4\n\n€\0\0\nERROR\n\nx\0\n',
    ),
    frames: [
      { command: 'CONNECTED', headers: ['server', 'RabbitMQ/4', 'version', '1.2'], body: '' },
      {
        command: 'MESSAGE',
        headers: ['subscription', 'sub-0', 'b', ':', 'content-length', '4'],
        body: Buffer.from('€\0').toString('latin1'),
      },
      { command: 'ERROR', headers: [], body: 'x' },
    ],
  },
];

describe.each(CORPUS)('$name', ({ bytes, frames, options }) => {
  test('in one piece', () => {
    expect(decodeAll([bytes], options)).toEqual(frames);
  });

  test('cut in two at every byte', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(decodeAll([bytes.subarray(0, cut), bytes.subarray(cut)], options)).toEqual(frames);
    }
  });

  test('cut in three at every pair of bytes', () => {
    const step = bytes.length > 200 ? 5 : 1;
    for (let first = 0; first < bytes.length; first += step) {
      for (let second = first; second < bytes.length; second += step) {
        const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        expect(decodeAll(chunks, options)).toEqual(frames);
      }
    }
  });

  test.each([1, 2, 3, 7, 64])('in pieces of %i', (size) => {
    expect(decodeAll(pieces(bytes, size), options)).toEqual(frames);
  });
});
