import { expect, it } from 'vitest';
import { MessageQueue } from '../../../src/transport/sockjs/message-queue.js';

function filled(count: number, bytes = 10): MessageQueue {
  const queue = new MessageQueue();
  for (let i = 1; i <= count; i++) queue.add(`m${i}`, i, bytes);
  return queue;
}

it('gives messages in order, as many as fit, and at least one', () => {
  const queue = filled(5);
  expect(queue.take(25)).toEqual({ texts: ['m1', 'm2'], mark: 2 });
  expect(queue.bytes).toBe(30);
  expect(queue.take(1)).toEqual({ texts: ['m3'], mark: 3 });
  expect(queue.take(Number.POSITIVE_INFINITY)).toEqual({ texts: ['m4', 'm5'], mark: 5 });
  expect(queue.isEmpty).toBe(true);
  expect(queue.bytes).toBe(0);
  expect(queue.take(100)).toEqual({ texts: [], mark: 0 });
});

it('goes on in order while some come and some go', () => {
  const queue = new MessageQueue();
  const taken: string[] = [];
  for (let i = 0; i < 1000; i++) {
    queue.add(`${i}`, i + 1, 1);
    if (i % 3 === 2) taken.push(...queue.take(2).texts);
  }
  taken.push(...queue.take(Number.POSITIVE_INFINITY).texts);
  expect(taken).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
  expect(queue.bytes).toBe(0);
});
