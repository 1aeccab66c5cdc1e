import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Changes } from '../../src/unread/changes.js';
import { MemoryFeed } from './memory-feed.js';

let feed: MemoryFeed;
let changes: Changes;

beforeEach(() => {
  vi.useFakeTimers();
  feed = new MemoryFeed();
  changes = new Changes(feed);
});
afterEach(() => {
  vi.useRealTimers();
});

it('gathers changes and tells each mailbox once', () => {
  changes.changed('alice', 'x');
  changes.changed('alice', 'y');
  changes.changed('bob', 'x');
  vi.advanceTimersByTime(49);
  changes.changed('alice', 'x');
  expect(feed.announced).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(feed.announced).toEqual([
    ['alice', ['x', 'y']],
    ['bob', ['x']],
  ]);
  vi.advanceTimersByTime(1000);
  expect(feed.announced).toHaveLength(2);
  changes.changed('alice', 'z');
  vi.advanceTimersByTime(50);
  expect(feed.announced[2]).toEqual(['alice', ['z']]);
});

it('tells whoever listens to that user, until they stop', async () => {
  const told: unknown[] = [];
  const one = (rests: unknown) => told.push(['one', rests]);
  const two = (rests: unknown) => told.push(['two', rests]);
  const bob = (rests: unknown) => told.push(['bob', rests]);
  await Promise.all([changes.listen('alice', one), changes.listen('alice', two), changes.listen('bob', bob)]);
  changes.received('alice', ['x']);
  expect(told).toEqual([
    ['one', ['x']],
    ['two', ['x']],
  ]);
  changes.unlisten('alice', one);
  changes.received('alice', ['y']);
  expect(told.slice(2)).toEqual([['two', ['y']]]);
  changes.missed();
  expect(told.slice(3)).toEqual([
    ['two', undefined],
    ['bob', undefined],
  ]);
});

it('follows a user for as long as anybody listens, once for each', async () => {
  const [one, two] = [vi.fn(), vi.fn()];
  await changes.listen('alice', one);
  await changes.listen('alice', two);
  changes.unlisten('alice', one);
  changes.unlisten('alice', one);
  changes.unlisten('bob', two);
  expect(feed.following).toEqual(['alice']);
  changes.unlisten('alice', two);
  expect(feed.following).toEqual([]);
});

it('lets a listener stop while it is told', async () => {
  const first = vi.fn(() => changes.unlisten('alice', second));
  const second = vi.fn();
  await changes.listen('alice', first);
  await changes.listen('alice', second);
  changes.received('alice', ['x']);
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 0]);
});

it('listens although the connection was lost just then: it will be told that something was missed', async () => {
  feed.failure = new Error('the channel has ended');
  const listener = vi.fn();
  await expect(changes.listen('alice', listener)).resolves.toBeUndefined();
  changes.missed();
  expect(listener).toHaveBeenCalledWith(undefined);
});

it('says nothing any more once it is closed', () => {
  const idle = new Changes(feed);
  changes.changed('alice', 'x');
  for (const one of [changes, idle]) {
    one.close();
    one.changed('alice', 'y');
  }
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(1000);
  expect(feed.announced).toEqual([]);
});
