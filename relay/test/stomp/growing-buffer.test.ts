import { expect, test } from 'vitest';
import { GrowingBuffer } from '../../src/stomp/growing-buffer.js';

test('keeps the bytes in order and hands them over', () => {
  const buffer = new GrowingBuffer();
  const chunk = Buffer.from('0123456789');
  expect(buffer.last).toBe(-1);
  for (let i = 0; i < 100; i++) buffer.append(chunk, 2, 7, 10_000);
  expect([buffer.length, buffer.last]).toEqual([500, 0x36]);
  const taken = buffer.take();
  expect(taken.toString()).toBe('23456'.repeat(100));
  expect([buffer.length, buffer.last]).toEqual([0, -1]);
  buffer.append(chunk, 0, 10, 10);
  expect(taken.toString()).toBe('23456'.repeat(100));
  expect(buffer.take().toString()).toBe('0123456789');
});
