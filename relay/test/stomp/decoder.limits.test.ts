import { afterEach, describe, expect, test, vi } from 'vitest';
import { FrameDecoder } from '../../src/stomp/decoder.js';
import { SERVER_SIDE_LIMITS } from '../../src/stomp/limits.js';
import { decodeAll, faultOf, pieces } from './support.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** What becomes of the bytes: whole, one by one, and in pieces of 7. */
function outcomes(text: string, limits: object): (string | undefined)[] {
  const bytes = Buffer.from(text);
  return [bytes.length, 1, 7].map((size) => faultOf(pieces(bytes, size), { side: 'server', limits })?.code);
}

const all = (code: string | undefined) => [code, code, code];

describe('exactly at the limit and one over', () => {
  test('frame, with content-length', () => {
    const text = 'SEND\ncontent-length:10\n\n0123456789\0';
    expect(outcomes(text, { maxFrameBytes: text.length })).toEqual(all(undefined));
    expect(outcomes(text, { maxFrameBytes: text.length - 1 })).toEqual(all('ERR_FRAME_TOO_LARGE'));
  });

  test('frame, ended by NUL', () => {
    const text = 'SEND\na:b\n\n0123456789\0';
    expect(outcomes(text, { maxFrameBytes: text.length })).toEqual(all(undefined));
    expect(outcomes(text, { maxFrameBytes: text.length - 1 })).toEqual(all('ERR_FRAME_TOO_LARGE'));
  });

  test('frame without a body', () => {
    const text = 'BEGIN\ntransaction:1\n\n\0';
    expect(outcomes(text, { maxFrameBytes: text.length })).toEqual(all(undefined));
    expect(outcomes(text, { maxFrameBytes: text.length - 1 })).toEqual(all('ERR_FRAME_TOO_LARGE'));
  });

  test('number of headers', () => {
    const text = (count: number) => `SEND\n${'a:b\n'.repeat(count)}\n\0`;
    expect(outcomes(text(5), { maxHeaders: 5 })).toEqual(all(undefined));
    expect(outcomes(text(6), { maxHeaders: 5 })).toEqual(all('ERR_TOO_MANY_HEADERS'));
  });

  test.each(['\n', '\r\n'])('length of a header line that ends in %j', (end) => {
    const text = (length: number) => `SEND${end}a:${'b'.repeat(length - 2)}${end}${end}\0`;
    expect(outcomes(text(100), { maxHeaderBytes: 100 })).toEqual(all(undefined));
    expect(outcomes(text(101), { maxHeaderBytes: 100 })).toEqual(all('ERR_HEADER_TOO_LONG'));
  });

  test('length of a header line counts octets, not characters', () => {
    const text = `SEND\na:${'€'.repeat(10)}\n\n\0`;
    expect(outcomes(text, { maxHeaderBytes: 32 })).toEqual(all(undefined));
    expect(outcomes(text, { maxHeaderBytes: 31 })).toEqual(all('ERR_HEADER_TOO_LONG'));
  });

  test('the defaults take a body of 1 MiB and the closure of a larger frame is tooLarge', () => {
    const frame = (size: number) => Buffer.from(`SEND\ndestination:/topic/a\n\n${'x'.repeat(size)}\0`);
    const [whole] = decodeAll(pieces(frame(2 ** 20), 60_000), { side: 'server' });
    expect(whole?.body).toHaveLength(2 ** 20);
    const fault = faultOf([frame(SERVER_SIDE_LIMITS.maxFrameBytes)], { side: 'server' });
    expect([fault?.code, fault?.closure]).toEqual(['ERR_FRAME_TOO_LARGE', 'tooLarge']);
  });
});

describe('limits hold before the frame is complete', () => {
  test.each([
    ['an endless command', 'A'.repeat(13), 'ERR_BAD_COMMAND'],
    ['an endless header line', `SEND\n${'a'.repeat(101)}`, 'ERR_HEADER_TOO_LONG'],
    ['endless header lines', `SEND\n${'a:b\n'.repeat(6)}`, 'ERR_TOO_MANY_HEADERS'],
    ['an endless body', `SEND\n\n${'a'.repeat(500)}`, 'ERR_FRAME_TOO_LARGE'],
    ['an announced body', 'SEND\ncontent-length:500\n\n', 'ERR_FRAME_TOO_LARGE'],
  ])('%s', (_, text, code) => {
    expect(outcomes(text, { maxFrameBytes: 500, maxHeaders: 5, maxHeaderBytes: 100 })).toEqual(all(code));
  });
});

describe('work and memory', () => {
  const SIZE = 200_000;

  /** Octets copied, turned into strings, and allocated while the bytes come one by one. */
  function cost(bytes: Buffer): { copied: number; read: number; allocated: number } {
    const total = { copied: 0, read: 0, allocated: 0 };
    const copy = Buffer.prototype.copy;
    const stringOf = Buffer.prototype.toString;
    const allocUnsafe = Buffer.allocUnsafe;
    vi.spyOn(Buffer.prototype, 'copy').mockImplementation(function (this: Buffer, ...args) {
      const count = copy.apply(this, args);
      total.copied += count;
      return count;
    });
    vi.spyOn(Buffer.prototype, 'toString').mockImplementation(function (this: Buffer, ...args) {
      const text = stringOf.apply(this, args);
      total.read += text.length;
      return text;
    });
    vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((size) => {
      total.allocated += size;
      return allocUnsafe(size);
    });
    const decoder = new FrameDecoder({ onFrame: () => undefined }, { side: 'client' });
    for (let i = 0; i < bytes.length; i++) decoder.push(bytes.subarray(i, i + 1));
    vi.restoreAllMocks();
    return total;
  }

  test.each([
    ['a body ended by NUL', `MESSAGE\n\n${'x'.repeat(SIZE)}\0`],
    ['a body with content-length', `MESSAGE\ncontent-length:${SIZE}\n\n${'x'.repeat(SIZE)}\0`],
    ['one long header', `MESSAGE\na:${'x'.repeat(SIZE)}\n\n\0`],
    ['many headers', `MESSAGE\n${'a:b\n'.repeat(10_000)}\n\0`],
    ['many small frames', 'RECEIPT\nreceipt-id:1\n\n\0\n'.repeat(5_000)],
  ])('single bytes cost linear work: %s', (_, text) => {
    const { copied, read } = cost(Buffer.from(text));
    expect(copied).toBeGreaterThanOrEqual(text.length / 2);
    expect(copied).toBeLessThanOrEqual(4 * text.length);
    expect(read).toBeLessThanOrEqual(4 * text.length);
  });

  test('an announced body takes memory only as it arrives', () => {
    const head = Buffer.from('MESSAGE\ncontent-length:100000000\n\nabc');
    expect(cost(head).allocated).toBeLessThan(2_000);
  });
});
