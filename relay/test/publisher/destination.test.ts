import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { topicAddress, userAddress } from '../../publisher/destination.js';
import { userWord } from '../../src/destination.js';

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a user’s destination', () => {
  test.each([
    ['alice', '/topic/reply', 'alice.topic.reply'],
    ['alice', '/topic.reply', 'alice.topic.reply'],
    ['alice@example.com', '/queue/a.b/c', 'alice%40example%2Ecom.queue.a.b.c'],
    ['a/b', '/topic/x', 'a%2Fb.topic.x'],
    ['a%2Fb', '/topic/x', 'a%252Fb.topic.x'],
    ['.', '/topic/x', '%2E.topic.x'],
    ['*', '/topic/x', '%2A.topic.x'],
    ['#', '/topic/x', '%23.topic.x'],
  ])('of %j, %j, is the key %j', (user, destination, key) => {
    expect(userAddress(user, destination)).toEqual({ lane: 'user', exchange: 'relay.user', key });
  });

  test('is that of the relay for every user', () => {
    const names = fc
      .string({ minLength: 1, maxLength: 20, unit: 'grapheme' })
      .filter((name) => !/[\p{Cc}\p{Cs}]/u.test(name));
    fc.assert(
      fc.property(names, (user) => {
        expect(userAddress(user, '/topic/x').key).toBe(`${userWord(user)}.topic.x`);
      }),
    );
  });

  test.each([
    ['', '/topic/x'],
    ['a\nb', '/topic/x'],
    ['\ud800', '/topic/x'],
    ['alice', ''],
    ['alice', '/'],
    ['alice', 'topic/x'],
    ['alice', '/topic//x'],
    ['alice', '/topic/x/'],
    ['alice', '/topic/*'],
    ['alice', '/topic/#'],
    ['alice', '/topic/%2E'],
    ['alice', '/relay.unread'],
    ['alice', '/relay/session'],
    ['alice', '/user/topic/x'],
    ['alice', `/topic/${'x'.repeat(250)}`],
    ['é'.repeat(60), '/topic/x'],
  ])('of %j, %j, is refused', (user, destination) => {
    expect(codeOf(() => userAddress(user, destination))).toBe('ERR_DESTINATION');
  });

  test('tells who writes /user/… what to write', () => {
    expect(() => userAddress('alice', '/user/topic/x')).toThrow('leave out "/user"');
  });
});

describe('a topic', () => {
  test('is a key of amq.topic', () => {
    expect(topicAddress('/topic/news.sport')).toEqual({
      lane: 'topic',
      exchange: 'amq.topic',
      key: 'news.sport',
    });
  });

  test.each([
    'news',
    '/news',
    '/queue/x',
    '/topic/',
    '/topic/a/b',
    '/topic/a.*',
    '/topic/#',
    `/topic/${'x'.repeat(256)}`,
  ])('is not %j', (destination) => {
    expect(codeOf(() => topicAddress(destination))).toBe('ERR_DESTINATION');
  });
});
