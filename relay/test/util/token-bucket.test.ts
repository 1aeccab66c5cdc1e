import { beforeEach, expect, it } from 'vitest';
import { TokenBucket } from '../../src/util/token-bucket.js';

let now: number;
let bucket: TokenBucket;

beforeEach(() => {
  now = 5000;
  bucket = new TokenBucket(10, 20, () => now);
});

/** How many can be taken at this moment. */
function available(): number {
  let taken = 0;
  while (taken < 1000 && bucket.take()) taken++;
  return taken;
}

it('lets a burst through, and then its rate', () => {
  expect(available()).toBe(20);
  now += 500;
  expect(available()).toBe(5);
  now += 99;
  expect(bucket.take()).toBe(false);
  now += 1;
  expect(available()).toBe(1);
});

it('never holds more than its capacity', () => {
  expect(available()).toBe(20);
  now += 3_600_000;
  expect(available()).toBe(20);
});

it('keeps what is left of a token for the next time', () => {
  available();
  for (let i = 0; i < 4; i++) {
    now += 50;
    bucket.take();
  }
  expect(bucket.take()).toBe(false);
  now += 100;
  expect(available()).toBe(1);
});

it('takes several at once, or none', () => {
  expect(bucket.take(21)).toBe(false);
  expect(bucket.take(15)).toBe(true);
  expect(bucket.take(6)).toBe(false);
  expect(bucket.take(5)).toBe(true);
});

it('says how long to wait', () => {
  expect(bucket.wait(20)).toBe(0);
  bucket.take(15);
  expect([bucket.wait(5), bucket.wait(6), bucket.wait(20)]).toEqual([0, 100, 1500]);
  now += 60;
  expect(bucket.wait(6)).toBeCloseTo(40);
  expect(bucket.wait(21)).toBe(Number.POSITIVE_INFINITY);
});

it('can owe what was spent already', () => {
  bucket.spend(50);
  expect([bucket.take(), bucket.wait(0), bucket.wait(1)]).toEqual([false, 3000, 3100]);
  now += 3000;
  expect([bucket.wait(0), bucket.take()]).toEqual([0, false]);
  now += 100;
  expect(bucket.take()).toBe(true);
});

it('counts what came in before something is spent', () => {
  bucket.take(20);
  now += 1000;
  bucket.spend(12);
  now += 200;
  expect(bucket.wait(0)).toBe(0);
});

it('says how full it is', () => {
  expect(bucket.level).toBe(1);
  bucket.spend(30);
  expect(bucket.level).toBe(-0.5);
  now += 2000;
  expect(bucket.level).toBe(0.5);
});

it('never gives for a clock that does not move', () => {
  expect(available()).toBe(20);
  expect([bucket.take(), bucket.wait(1)]).toEqual([false, 100]);
});
