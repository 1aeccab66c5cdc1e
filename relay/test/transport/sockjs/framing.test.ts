import { describe, expect, it } from 'vitest';
import { Outgoing } from '../../../src/outbound/outgoing.js';
import { FrameDecoder } from '../../../src/stomp/decoder.js';
import { encodeFrame } from '../../../src/stomp/encoder.js';
import { type Frame, header } from '../../../src/stomp/frame.js';
import { arrayMessage, closeMessage, readMessage, textOf } from '../../../src/transport/sockjs/framing.js';

function decode(text: string): Frame {
  const frames: Frame[] = [];
  new FrameDecoder({ onFrame: (frame) => frames.push(frame) }, { side: 'client' }).push(Buffer.from(text));
  if (frames.length !== 1) throw new Error(`${frames.length} frames`);
  return frames[0] as Frame;
}

const message = (headers: string[], body: Buffer) =>
  new Outgoing(encodeFrame('MESSAGE', ['subscription', 's', ...headers], body, '1.2'));

describe('a frame as text', () => {
  it('is what it was when it is UTF-8, and made once', () => {
    const frame = message([], Buffer.from('grüße\0🎉'));
    expect(decode(textOf(frame)).body).toEqual(Buffer.from('grüße\0🎉'));
    expect(textOf(frame)).toBe(textOf(frame));
    expect(textOf(frame)).not.toContain('relay-encoding');
  });

  it.each([
    ['bytes', Buffer.from([0, 255, 254, 10, 10, 0])],
    ['a lone continuation byte', Buffer.from([0x80])],
    ['a line feed at the start', Buffer.from([10, 0xff])],
  ])('has its body in base64 when it is not: %s', (_what, body) => {
    const { headers, body: text } = decode(textOf(message(['a', 'b\nc'], body)));
    expect(header(headers, 'relay-encoding')).toBe('base64');
    expect(header(headers, 'content-length')).toBe(String(text.length));
    expect(header(headers, 'a')).toBe('b\nc');
    expect(Buffer.from(text.toString('latin1'), 'base64')).toEqual(body);
  });

  it('says so itself: a header of the sender’s cannot hide it', () => {
    const { headers } = decode(textOf(message(['relay-encoding', 'none'], Buffer.from([0xff]))));
    expect(headers.filter((_, i) => i % 2 === 0).filter((name) => name === 'relay-encoding')).toHaveLength(1);
    expect(header(headers, 'relay-encoding')).toBe('base64');
  });
});

describe('a message to the client', () => {
  it('holds nothing that ends a line of script or vanishes on the way', () => {
    const texts = ['a\0b\n', '\u2028\u2029\u200d\ufeff\ufff0', '🎉', '"\\'];
    const sent = arrayMessage(texts);
    expect(JSON.parse(sent.slice(1))).toEqual(texts);
    const codes = [...sent].map((character) => character.codePointAt(0) ?? 0);
    expect(codes.filter((code) => code < 0x20 || [0x2028, 0x2029, 0x200d, 0xfff0].includes(code))).toEqual(
      [],
    );
  });

  it('closes with code and reason', () => {
    expect(closeMessage(4401, 'no "token"')).toBe('c[4401,"no \\"token\\""]');
  });
});

describe('a message of the client', () => {
  it.each([
    ['["one"]', 'one'],
    ['["o","n","e"]', 'one'],
    ['"one"', 'one'],
    ['[]', ''],
    ['["\\u0000ü\\ud83c\\udf89"]', '\0ü🎉'],
  ])('%s is %j', (text, read) => {
    expect(readMessage(Buffer.from(text))?.toString()).toBe(read);
  });

  it.each(['', 'one', '[1]', '["a",null]', '{}', '[["a"]]', 'null', '{"toString":1}', '["a"'])(
    '%s is none',
    (text) => {
      expect(readMessage(Buffer.from(text))).toBeUndefined();
    },
  );
});
