import { describe, expect, test } from 'vitest';
import { EnvelopeBody, encodeBody, envelope } from '../../publisher/body.js';
import { compose, type Defaults } from '../../publisher/message.js';
import { type PublisherOptions, type PublishOptions, readOptions } from '../../publisher/options.js';

const address = { lane: 'user', exchange: 'relay.user', key: 'alice.topic.x' } as const;
const text = { content: Buffer.from('hello'), contentType: 'text/plain' };
const defaults: Defaults = { maxMessageBytes: 10, trace: undefined, now: 1_700_000_000_123 };
const addressing = {
  sendType: 'user',
  messageType: 'event',
  fromUniqueId: 'shop',
  toUniqueId: 'alice',
} as const;

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('a message', () => {
  const make = (options: PublishOptions = {}, more: Partial<Defaults> = {}) =>
    compose(address, text, options, { ...defaults, ...more });

  test('has an id of its own, the time, and is kept on disk', () => {
    const { properties, expiresAt } = make();
    expect(properties).toEqual({
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      contentType: 'text/plain',
      persistent: true,
      timestamp: 1_700_000_000,
      headers: { 'relay-published-at': 1_700_000_000_123 },
    });
    expect(make().properties.messageId).not.toBe(properties.messageId);
    expect(expiresAt).toBeUndefined();
    expect(make({ expiration: 500 }).expiresAt).toBe(1_700_000_000_623);
  });

  test('has the trace of the call before that of the publisher', () => {
    const trace = { traceparent: 'outer', tracestate: 'outer' };
    expect(
      make({ traceparent: 'own', headers: { tracestate: 'header' } }, { trace }).properties.headers,
    ).toEqual({
      traceparent: 'own',
      tracestate: 'header',
      'relay-published-at': 1_700_000_000_123,
    });
  });

  test.each<[string, PublishOptions]>([
    ['ERR_OPTIONS', { messageId: '' }],
    ['ERR_OPTIONS', { messageId: 'x'.repeat(256) }],
    ['ERR_OPTIONS', { messageId: 7 as never }],
    ['ERR_OPTIONS', { correlationId: 'é'.repeat(128) }],
    ['ERR_OPTIONS', { replyTo: 'x'.repeat(256) }],
    ['ERR_OPTIONS', { contentType: 'x'.repeat(256) }],
    ['ERR_OPTIONS', { type: 7 as never }],
    ['ERR_OPTIONS', { expiration: 0 }],
    ['ERR_OPTIONS', { expiration: 1.5 }],
    ['ERR_OPTIONS', { expiration: 4_294_967_296 }],
    ['ERR_OPTIONS', { priority: 256 }],
    ['ERR_OPTIONS', { priority: -1 }],
    ['ERR_HEADERS', { headers: { CC: 'bob' } }],
    ['ERR_HEADERS', { headers: { bcc: 'bob' } }],
    ['ERR_HEADERS', { headers: { '': 'x' } }],
    ['ERR_HEADERS', { headers: { ['x'.repeat(256)]: 'x' } }],
    ['ERR_HEADERS', { headers: { a: null as never } }],
    ['ERR_HEADERS', { headers: { a: Number.NaN } }],
    ['ERR_HEADERS', { headers: { a: Number.POSITIVE_INFINITY } }],
    ['ERR_HEADERS', { headers: { a: 'x'.repeat(70_000) } }],
  ])('is %s with %o', (code, options) => {
    expect(codeOf(() => make(options))).toBe(code);
  });

  test('is as large as is allowed, and no larger', () => {
    const body = (length: number) => ({ content: Buffer.alloc(length), contentType: 'x' });
    expect(codeOf(() => compose(address, body(10), {}, defaults))).toBe('none');
    expect(codeOf(() => compose(address, body(11), {}, defaults))).toBe('ERR_TOO_LARGE');
  });
});

describe('a body', () => {
  test('of bytes is a copy: the caller may go on with them', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const { content } = encodeBody(bytes, addressing);
    bytes[0] = 9;
    expect([...content]).toEqual([1, 2, 3]);
  });

  test('that is a part of a larger buffer is that part', () => {
    const part = new Uint8Array(new Uint8Array([0, 1, 2, 3]).buffer, 1, 2);
    expect([...encodeBody(part, addressing).content]).toEqual([1, 2]);
  });

  test('that is an envelope takes from the call what it does not say itself', () => {
    const sealed = (fields: Parameters<typeof envelope>[0]) =>
      JSON.parse(encodeBody(envelope(fields), addressing).content.toString());
    expect(sealed({ businessType: 'b', content: 1 })).toMatchObject({
      ...addressing,
      fromClientType: 'service',
    });
    expect(sealed({ businessType: 'b', content: 1, fromUniqueId: 'bank', timestamp: 5 })).toMatchObject({
      fromUniqueId: 'bank',
      timestamp: 5,
    });
  });

  const round: { self?: unknown } = {};
  round.self = round;
  test.each([
    [undefined],
    [null],
    [7],
    [true],
    [() => 1],
    [round],
    [{ toJSON: () => undefined }],
    [{ big: 1n }],
    [new EnvelopeBody({ businessType: '', content: 1 })],
  ])('is not %o', (body) => {
    expect(codeOf(() => encodeBody(body as never, addressing))).toBe('ERR_BODY');
  });

  test('that is a bad envelope names the field', () => {
    expect(() => encodeBody(envelope({ businessType: '', content: 1 }), addressing)).toThrow('businessType');
  });
});

describe('the options', () => {
  const url = 'amqp://relay:s3cret@broker.example.com/shop';

  test.each<[Partial<PublisherOptions>]>([
    [{ url: [] }],
    [{ url: '' }],
    [{ url: 'http://relay:s3cret@broker.example.com' }],
    [{ url: ['amqp://relay:s3cret@['] }],
    [{ maxBuffered: { messages: 0 } }],
    [{ maxBuffered: { bytes: 1.5 } }],
    [{ maxUnconfirmed: -1 }],
    [{ maxMessageBytes: 0 }],
    [{ heartbeat: 0 }],
    [{ timeout: 0 }],
    [{ retry: { first: 0 } }],
    [{ retry: { most: Number.NaN } }],
    [{ outbox: { path: '' } }],
    [{ outbox: { path: ':memory:' } }],
    [{ outbox: { path: 'file:x?mode=memory' } }],
    [{ outbox: { path: '/tmp/x', messages: 0 } }],
  ])('%j are refused, and the password is not shown', (options) => {
    const read = () => readOptions({ url, ...options });
    expect(codeOf(read)).toBe('ERR_OPTIONS');
    expect(read).not.toThrow(/s3cret/);
  });

  test('name a topic for all that clients can subscribe to', () => {
    expect(codeOf(() => readOptions({ url, allTopic: '/queue/all' }))).toBe('ERR_DESTINATION');
    expect(readOptions({ url }).allTopic).toBe('/topic/all');
  });
});
