import { expect, test } from 'vitest';
import { addressOf } from '../../playwright/publish.js';

test.each([
  ['/user/alice/topic/reply', 'relay.user', 'alice.topic.reply'],
  ['/user/alice@example.com/topic/reply', 'relay.user', 'alice%40example%2Ecom.topic.reply'],
  ['/user/a%2Fb/topic/reply', 'relay.user', 'a%2Fb.topic.reply'],
  ['/topic/news.sport', 'amq.topic', 'news.sport'],
  ['/app/orders.create', 'relay.app', 'orders.create'],
  ['/exchange/shop.events/order.paid', 'shop.events', 'order.paid'],
  ['/queue/work', '', 'work'],
])('%s is published to %s, %s', (destination, exchange, key) => {
  expect(addressOf(destination)).toEqual({ exchange, key });
});

test.each([
  'topic/a',
  '/user/alice',
  '/topic/news.*',
  '/user/alice/relay.unread',
  '/temp-queue/a',
  '/reply-queue/a',
])('%s is refused with a reason', (destination) => {
  expect(() => addressOf(destination)).toThrow(/\S/);
});
