import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/errors.js';
import { forwardedHeaders } from '../../src/inbound/send-headers.js';
import { GRANTABLE_HEADERS } from '../../src/policy/load.js';
import type { HeaderList } from '../../src/stomp/frame.js';

/** Written out again, so that nobody shortens the list in the source unnoticed. */
const NEVER = [
  ...['destination', 'receipt', 'transaction', 'content-length', 'reply-to', 'selector'],
  ...['user-id', 'cluster-id', 'CC', 'BCC', 'cc', 'bcc', 'redelivered', 'subscription', 'ack', 'id'],
  ...['login', 'passcode', 'session', 'x-death', 'x-first-death-queue', 'x-first-death-reason'],
  ...['x-first-death-exchange', 'x-last-death-queue', 'x-last-death-reason', 'x-last-death-exchange'],
  ...['x-delivery-count', 'x-received-from', 'x-delay', 'x-routing-key', 'x-match', 'x-stream-offset'],
  ...GRANTABLE_HEADERS,
];

function forwarded(...headers: string[]): HeaderList {
  const result = forwardedHeaders(headers, 'alice');
  expect(result.slice(0, 2)).toEqual(['relay-user', 'alice']);
  return result.slice(2);
}

function code(...headers: string[]): string {
  try {
    forwardedHeaders(headers, 'alice');
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'taken';
}

describe('what never goes on', () => {
  it.each([...NEVER, 'relay-user'])('%s', (name) => {
    expect(forwarded('before', '1', name, 'forged', 'after', '2')).toEqual(['before', '1', 'after', '2']);
  });

  it('message-id, which the broker refuses: it is an error, and the message says what to set', () => {
    expect(() => forwardedHeaders(['message-id', 'x'], 'alice')).toThrow(/amqp-message-id/);
  });

  it('a repeated header: the first one counts', () => {
    expect(forwarded('a', '1', 'b', '2', 'a', '3', 'priority', '1', 'priority', 'bad')).toEqual([
      'a',
      '1',
      'b',
      '2',
      'priority',
      '1',
    ]);
  });

  it('in whatever order and company', () => {
    const name = fc.oneof(
      fc.constantFrom(...NEVER, 'relay-user'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text !== 'message-id'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.constantFrom('1', 'true', 'x'))), (pairs) => {
        let result: HeaderList;
        try {
          result = forwardedHeaders(pairs.flat(), 'alice');
        } catch (error) {
          // A property with a value that AMQP does not know.
          expect(error).toBeInstanceOf(ProtocolError);
          return;
        }
        const names = result.filter((_, i) => i % 2 === 0);
        expect(names.filter((each) => NEVER.includes(each))).toEqual([]);
        expect(names.filter((each) => each === 'relay-user')).toHaveLength(1);
        expect(new Set(names).size).toBe(names.length);
        expect(result.slice(0, 2)).toEqual(['relay-user', 'alice']);
      }),
    );
  });
});

describe('what goes on', () => {
  it('is everything else, as it is and in its order', () => {
    const own = ['x-app', '1', 'Content-Type', 'text/plain', 'ä€😀', 'ö', 'empty', '', '__proto__', 'p'];
    expect(forwarded(...own, 'constructor', 'c')).toEqual([...own, 'constructor', 'c']);
  });

  it.each([
    ['content-type', 'text/plain;charset=utf-8'],
    ['content-encoding', 'gzip'],
    ['correlation-id', 'x'.repeat(255)],
    ['amqp-message-id', ''],
    ['type', 'ä'.repeat(127)],
    ['app-id', 'me'],
    ['expiration', '0'],
    ['expiration', '4294967295'],
    ['priority', '255'],
    ['timestamp', '1700000000'],
    ['persistent', 'true'],
    ['persistent', 'false'],
  ])('%s: %s', (name, value) => {
    expect(forwarded(name, value)).toEqual([name, value]);
  });
});

describe('what the broker would choke on is refused', () => {
  it.each([
    ['correlation-id', 'x'.repeat(256)],
    ['type', 'ä'.repeat(128)],
    ['content-type', 'x'.repeat(256)],
    ['content-encoding', 'x'.repeat(256)],
    ['amqp-message-id', 'x'.repeat(256)],
    ['app-id', 'x'.repeat(256)],
    ['expiration', ''],
    ['expiration', '-1'],
    ['expiration', '1.5'],
    ['expiration', 'soon'],
    ['expiration', '4294967296'],
    ['priority', '256'],
    ['priority', '-1'],
    ['priority', ' 1'],
    ['timestamp', 'now'],
    ['timestamp', '17000000000000000'],
    ['persistent', 'TRUE'],
    ['persistent', '1'],
  ])('%s: %s', (name, value) => {
    expect(code(name, value)).toBe('ERR_BAD_HEADER');
  });

  it('names that are no AMQP short string', () => {
    expect(code('n'.repeat(255), '')).toBe('taken');
    expect(code('n'.repeat(256), '')).toBe('ERR_HEADERS_TOO_LARGE');
    expect(code('ä'.repeat(128), '')).toBe('ERR_HEADERS_TOO_LARGE');
  });

  it('more than fits into an AMQP frame', () => {
    const headers = (count: number) =>
      Array.from({ length: count }, (_, i) => [
        `name-${String(i).padStart(3, '0')}`,
        'x'.repeat(1016),
      ]).flat();
    expect(code(...headers(64))).toBe('taken');
    expect(code(...headers(65))).toBe('ERR_HEADERS_TOO_LARGE');
  });
});
