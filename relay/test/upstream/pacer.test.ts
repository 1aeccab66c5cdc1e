import { expect, it } from 'vitest';
import { Pacer } from '../../src/upstream/pacer.js';

function pacing(most: number) {
  const sent: string[] = [];
  const pacer = new Pacer(most);
  const add = (...ids: string[]) => {
    for (const id of ids) pacer.add(id, () => sent.push(id));
  };
  return { pacer, sent, add };
}

it('sends at once while there is room, then one for each that is done, in their order', () => {
  const { pacer, sent, add } = pacing(2);
  add('a', 'b', 'c', 'd');
  expect(sent).toEqual(['a', 'b']);
  pacer.done('b');
  expect(sent).toEqual(['a', 'b', 'c']);
  pacer.done('a');
  expect(sent).toEqual(['a', 'b', 'c', 'd']);
});

it('makes room once for each, and for nothing that it did not send', () => {
  const { pacer, sent, add } = pacing(1);
  add('a', 'b', 'c');
  pacer.done('b');
  pacer.done('x');
  expect(sent).toEqual(['a']);
  pacer.done('a');
  pacer.done('a');
  expect(sent).toEqual(['a', 'b']);
});

it('drops what waits, and says that what was sent cannot be dropped', () => {
  const { pacer, sent, add } = pacing(1);
  add('a', 'b', 'c');
  expect([pacer.drop('a'), pacer.drop('b'), pacer.drop('b')]).toEqual([false, true, false]);
  pacer.done('a');
  expect(sent).toEqual(['a', 'c']);
});

it('begins anew with a new connection', () => {
  const { pacer, sent, add } = pacing(1);
  add('a', 'b');
  pacer.reset();
  add('c');
  expect(sent).toEqual(['a', 'c']);
});
