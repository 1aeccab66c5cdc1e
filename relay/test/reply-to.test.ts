import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readByRabbitmq } from '../../fuzz/codec/rabbitmq.js';
import { userWord } from '../src/destination.js';
import { DestinationError } from '../src/errors.js';
import { parseReplyTo, replyAddress, shownReplyTo } from '../src/reply-to.js';

const INVALID = 'ERR_DESTINATION_INVALID';
const UNKNOWN = 'ERR_DESTINATION_UNKNOWN';
const RESERVED = 'ERR_DESTINATION_RESERVED';
const TOO_LONG = 'ERR_DESTINATION_TOO_LONG';

const parse = (text: string, self = 'alice') => parseReplyTo(text, self);

function codeOf(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof DestinationError) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('reply-to', () => {
  it('of one’s own is the key that leads there, which nobody else can name', () => {
    const own = parse('/user/topic/reply');
    expect(own).toMatchObject({ kind: 'user', userWord: 'alice', key: 'alice.topic.reply' });
    expect(replyAddress(own)).toBe('/exchange/relay.user/alice.topic.reply');
    // Not another's, as it would be in a destination to SEND to.
    expect(replyAddress(parse('/user/bob/topic/reply'))).toBe('/exchange/relay.user/alice.bob.topic.reply');
  });

  it.each(['alice@example.com', 'a%b', 'a/b', 'Ünal 王', '*', '#', '%2F'])(
    'of a user called %s is one word of the key, and clients see how to send there',
    (name) => {
      const told = replyAddress(parse('/user/topic/reply', userWord(name)));
      expect(told).toBe(`/exchange/relay.user/${userWord(name)}.topic.reply`);
      expect(shownReplyTo(told)).toBe(`/user/${userWord(name)}/topic.reply`);
    },
  );

  it.each([
    ['/temp-queue/foo', 'temp-queue', 'foo'],
    ['/queue/demo.a', 'queue', 'demo.a'],
    ['/amq/queue/q', 'amq-queue', 'q'],
    ['/reply-queue/amq.gen-x', 'reply-queue', 'amq.gen-x'],
    ['foo', 'queue', 'foo'],
    ['two words', 'queue', 'two words'],
    // Whoever can name a queue that the broker has named must have been told it.
    ['amq.gen-abc', 'reply-queue', 'amq.gen-abc'],
    ['amq.rabbitmq.reply-to.g1h2', 'reply-queue', 'amq.rabbitmq.reply-to.g1h2'],
  ])('%s is the %s %s', (text, kind, name) => {
    const parsed = parse(text);
    expect(parsed).toMatchObject({ kind, name, text });
    expect(replyAddress(parsed)).toBe(text);
  });

  it.each([
    ['/topic/a', { kind: 'topic', key: 'a' }],
    ['/exchange/x/y', { kind: 'exchange', exchange: 'x', key: 'y' }],
    ['/exchange/x', { kind: 'exchange', exchange: 'x', key: '' }],
  ])('%s is what a SEND would mean by it', (text, expected) => {
    expect(parse(text)).toMatchObject(expected);
    expect(replyAddress(parse(text))).toBe(text);
  });

  it.each([
    ['/temp-queue/', INVALID],
    ['/temp-queue/a/b', INVALID],
    ['/temp-queue/a%2Fb', INVALID],
    ['/temp-queue/*', INVALID],
    ['/temp-queue/relay.x', RESERVED],
    ['/temp-queue', INVALID],
    ['/user', INVALID],
    ['/user/', INVALID],
    ['/user/topic//reply', INVALID],
    ['/user/topic/*', INVALID],
    ['/user/#', INVALID],
    ['/user/topic/a%2Fb', INVALID],
    ['/user/relay.unread', RESERVED],
    ['/user/relay/session', RESERVED],
    ['/user/relay.anything', RESERVED],
    [`/user/${'x'.repeat(240)}`, TOO_LONG],
    ['/app/x', INVALID],
    ['/relay/token', INVALID],
    ['/foo', INVALID],
    ['a/b', INVALID],
    ['amqp://host/exchange/key', INVALID],
    ['/', INVALID],
    ['', INVALID],
    ['a\nb', INVALID],
    ['/topic/a/b', INVALID],
    ['/topic/*', INVALID],
    ['/amq/x', UNKNOWN],
    ['relay.node.n1', RESERVED],
    ['stomp-subscription-x', RESERVED],
    ['amq.rabbitmq.reply-to', RESERVED],
    ['/queue/relay.node.n1', RESERVED],
    ['/exchange/relay.user/bob.x', RESERVED],
    ['/exchange/relay.user/alice.topic.reply', RESERVED],
    ['x'.repeat(1025), TOO_LONG],
    // 256 bytes: one more than the AMQP property has, whose consumers the broker would disconnect.
    ['x'.repeat(256), TOO_LONG],
    ['€'.repeat(86), TOO_LONG],
    [`/queue/${'q'.repeat(249)}`, TOO_LONG],
  ])('is refused: %j', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('has 255 bytes, as the broker is told it', () => {
    const own = 255 - '/exchange/relay.user/alice.'.length;
    for (const text of [
      'x'.repeat(255),
      '€'.repeat(85),
      `/queue/${'q'.repeat(248)}`,
      `/user/${'x'.repeat(own)}`,
    ]) {
      expect(Buffer.byteLength(replyAddress(parse(text)))).toBe(255);
    }
    expect(codeOf(`/user/${'x'.repeat(own + 1)}`)).toBe(TOO_LONG);
  });

  it('is nothing that the broker would choke on, and nobody else’s', () => {
    const parts = ['/user', '/topic', '/queue', '/amq', '/exchange', '/temp-queue', '/reply-queue', '/relay'];
    const hostile = fc
      .array(
        fc.constantFrom(...parts, '/', '.', '%', '%2F', '..', 'relay', 'amq.gen-', 'a', '*', '#', 'bob', 'é'),
        {
          maxLength: 8,
        },
      )
      .map((each) => each.join(''));
    let accepted = 0;
    fc.assert(
      fc.property(hostile, (text) => {
        if (codeOf(text) !== 'accepted') return;
        accepted++;
        const told = replyAddress(parse(text));
        const read = readByRabbitmq(told);
        expect(read).toBeDefined();
        if (told.startsWith('/exchange/relay.')) expect(told).toMatch(/^\/exchange\/relay\.user\/alice\./);
        else if (read && 'exchange' in read) expect(read.exchange).not.toMatch(/^relay\./);
      }),
      { numRuns: 10_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

describe('what clients see of a reply-to', () => {
  it.each([
    '/topic/a',
    '/queue/a',
    '/reply-queue/amq.gen-x',
    '/exchange/other/alice.topic',
    '/exchange/relay.user',
    '/exchange/relay.user/',
    '/exchange/relay.user/alice',
    '/exchange/relay.user/.topic',
  ])('is %s as it is', (text) => {
    expect(shownReplyTo(text)).toBe(text);
  });
});
