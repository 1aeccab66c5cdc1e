import { expect, test } from 'vitest';
import { prepareMessage } from '../../src/stomp/prepared-message.js';

const prepared = prepareMessage(
  ['destination', '/topic/a', 'subscription', 'old', 'x', 'a:b'],
  Buffer.from('hello'),
  '1.2',
);

test('one message for several subscriptions', () => {
  const rest = 'destination:/topic/a\nx:a\\cb\ncontent-length:5\n\nhello\0';
  const frames = ['sub-0', '', 'é:\n'].map((id) => prepared.encode(id));
  expect(frames.map(String)).toEqual([
    `MESSAGE\nsubscription:sub-0\n${rest}`,
    `MESSAGE\nsubscription:\n${rest}`,
    `MESSAGE\nsubscription:é\\c\\n\n${rest}`,
  ]);
});

test('the frames share no memory', () => {
  const first = prepared.encode('1');
  const second = prepared.encode('1').toString();
  first.fill(0);
  expect(prepared.encode('1').toString()).toBe(second);
});

test('an id cannot break out', () => {
  expect(prepareMessage([], Buffer.alloc(0), '1.0').encode('a\nb:c').toString()).toBe(
    'MESSAGE\nsubscription:a b:c\n\n\0',
  );
  expect(() => prepared.encode('a\0')).toThrow(
    expect.objectContaining({ code: 'ERR_UNREPRESENTABLE_HEADER' }),
  );
});
