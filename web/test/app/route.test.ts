import { describe, expect, it } from 'vitest';
import { href, parseRoute } from '../../src/app/route.js';

describe('parseRoute', () => {
  it.each([
    ['', '', {}],
    ['#/', '', {}],
    ['#/shop', 'shop', {}],
    ['#/shop?order=A-17', 'shop', { order: 'A-17' }],
    ['#/chat?with=a%26b%20c', 'chat', { with: 'a&b c' }],
    ['#/chat/else?room=lobby', 'chat', { room: 'lobby' }],
  ])('reads %j', (hash, area, query) => {
    const route = parseRoute(hash);
    expect(route.area).toBe(area);
    expect(Object.fromEntries(route.query)).toEqual(query);
  });

  it('reads what href wrote, whatever the name', () => {
    for (const user of ['bob', 'a b', 'ä&?#/=%', '👋'])
      expect(parseRoute(href('chat', { with: user })).query.get('with')).toBe(user);
  });
});
