import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replyAddress } from '../../publisher/reply.js';
import { encodeUser } from '../../src/user-word.js';

function target(replyTo: unknown, asker?: unknown): string {
  const headers = asker === undefined ? {} : { 'relay-user': asker };
  try {
    const { lane, exchange, key } = replyAddress({ properties: { replyTo, headers } });
    expect(lane).toBe('reply');
    return `${exchange}|${key}`;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const REFUSED = 'ERR_REPLY_TO';

describe('a reply goes', () => {
  test.each([
    ['/exchange/orders/new.one', 'orders|new.one'],
    ['/exchange/orders', 'orders|'],
    ['/topic/news.sport', 'amq.topic|news.sport'],
    ['/queue/answers', '|answers'],
    ['/amq/queue/answers', '|answers'],
    ['/reply-queue/amq.gen-abc', '|amq.gen-abc'],
    ['answers', '|answers'],
    ['amq.gen-abc', '|amq.gen-abc'],
  ])('where %j says', (replyTo, expected) => {
    expect(target(replyTo)).toBe(expected);
    expect(target(replyTo, 'alice')).toBe(expected);
  });

  test('to a service’s direct reply-to, which a client has none of', () => {
    expect(target('amq.rabbitmq.reply-to.g1h2.x==')).toBe('|amq.rabbitmq.reply-to.g1h2.x==');
    expect(target('amq.rabbitmq.reply-to.g1h2.x==', 'alice')).toBe(REFUSED);
  });

  test('to the own destination of whoever asked, and to no other user', () => {
    const names = fc.string({ minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(names, names, (asker, other) => {
        fc.pre(!/[\p{Cc}\p{Cs}]/u.test(asker + other));
        const replyTo = `/exchange/relay.user/${encodeUser(other)}.queue.answers`;
        const expected = other === asker ? `relay.user|${encodeUser(other)}.queue.answers` : REFUSED;
        expect(target(replyTo, asker)).toBe(expected);
        expect(target(replyTo)).toBe(REFUSED);
      }),
    );
  });
});

describe('a reply does not go', () => {
  test.each([
    undefined,
    '',
    7,
    '/',
    '/nowhere',
    '/user/bob/topic/x',
    '/app/orders',
    '/temp-queue/x',
    '/topic/',
    '/topic/*',
    '/queue/relay.node.x',
    '/queue/relay.unread.bob.topic.reply',
    '/amq/queue/relay.unread.intake',
    '/amq/queue/stomp-subscription-x',
    '/exchange/relay.control',
    '/exchange/relay.unread/bob.topic.reply',
    '/exchange/relay.user',
    '/exchange/relay%2Euser/bob.topic.x',
    '/exchange/%72elay.user/bob.topic.x',
    '/exchange//bob',
    '/exchange/amq.rabbitmq.trace/x',
    '/reply-queue/relay.unread.bob.topic.reply',
    'relay.unread.bob.topic.reply',
    'stomp-subscription-x',
    'amq.rabbitmq.reply-to',
    'amq.default',
    'x'.repeat(256),
    `/queue/${'x'.repeat(256)}`,
  ])('to %j, whoever asks', (replyTo) => {
    expect(target(replyTo)).toBe(REFUSED);
    expect(target(replyTo, 'alice')).toBe(REFUSED);
  });

  test.each([
    'relay.user/bob.topic.x',
    'relay.user/alice',
    'relay.user/alice.',
    'relay.user/.alice.topic.x',
    'relay.user/alice.relay.unread',
    'relay.user/alice.topic.*',
    'relay.user/alice.#',
    'relay.user/alice..x',
    'relay.user/alice.a%2Fb',
    `relay.user/alice.${'x'.repeat(250)}`,
  ])('to /exchange/%s for alice', (replyTo) => {
    expect(target(`/exchange/${replyTo}`, 'alice')).toBe(REFUSED);
  });

  test('to somebody who forges the header with something that is no name', () => {
    expect(target('/exchange/relay.user/7.topic.x', 7)).toBe(REFUSED);
  });
});
