import { expect, it } from 'vitest';
import { Replies } from '../../src/session/replies.js';

it('remembers reply queues and nothing else', () => {
  const replies = new Replies();
  for (const target of ['/reply-queue/amq.gen-1', '/queue/x', '/topic/x', undefined, 'plain']) {
    replies.remember(target);
  }
  expect(replies.has('/reply-queue/amq.gen-1')).toBe(true);
  expect(replies.has('/reply-queue/amq.gen-2')).toBe(false);
  for (const target of ['/queue/x', '/topic/x', 'plain', '']) expect(replies.has(target)).toBe(false);
});

it('forgets the one that was used longest ago', () => {
  const replies = new Replies();
  for (let i = 0; i < 100; i++) replies.remember(`/reply-queue/${i}`);
  replies.remember('/reply-queue/0');
  replies.remember('/reply-queue/100');
  expect(replies.has('/reply-queue/0')).toBe(true);
  expect(replies.has('/reply-queue/1')).toBe(false);
  for (let i = 2; i <= 100; i++) expect(replies.has(`/reply-queue/${i}`)).toBe(true);
});
