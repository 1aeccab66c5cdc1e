import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type Flushable, SharedWrites, WriteScheduler } from '../../src/transport/scheduler.js';

const [a, b, c] = ['a', 'bb', 'ccc'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];

it('flushes each of them once, in order, and not before the turn is over', async () => {
  const scheduler = new WriteScheduler();
  const flushed: number[] = [];
  for (const name of [1, 2, 3]) scheduler.add({ flush: () => flushed.push(name) });
  expect(flushed).toEqual([]);
  await turn();
  expect(flushed).toEqual([1, 2, 3]);
  await turn();
  expect(flushed).toEqual([1, 2, 3]);
});

it('takes what is added while it flushes into the next turn', async () => {
  const scheduler = new WriteScheduler();
  let flushes = 0;
  const again: Flushable = {
    flush() {
      if (++flushes < 3) scheduler.add(again);
    },
  };
  scheduler.add(again);
  await turn();
  expect(flushes).toBe(1);
  await turn();
  await turn();
  expect(flushes).toBe(3);
});

it('gives clients with the same pieces the same buffer, within one turn', async () => {
  const scheduler = new WriteScheduler();
  const joined: Buffer[] = [];
  const client = (...pieces: Buffer[]): Flushable => ({
    flush: (shared) => joined.push(shared.join(pieces)),
  });
  for (const one of [client(a, b), client(a, b), client(a, c), client(a, b)]) scheduler.add(one);
  await turn();
  expect(joined.map(String)).toEqual(['abb', 'abb', 'accc', 'abb']);
  expect(joined[1]).toBe(joined[0]);
  scheduler.add(client(a, b));
  await turn();
  expect(joined[4]).not.toBe(joined[3]);
});

it('compares pieces, not texts: an equal copy is joined anew, and a caller may reuse its list', () => {
  const shared = new SharedWrites();
  const pieces = [a, b];
  const first = shared.join(pieces);
  pieces.push(c);
  expect(shared.join(pieces).toString()).toBe('abbccc');
  expect(first.toString()).toBe('abb');
  const again = shared.join([a, b]);
  expect(shared.join([Buffer.from('a'), b])).not.toBe(again);
});
