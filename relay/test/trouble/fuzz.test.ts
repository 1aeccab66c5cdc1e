import { describe, expect, test } from 'vitest';
import { minimise } from '../../../fuzz/codec/minimise.js';
import { readByRabbitmq } from '../../../fuzz/codec/rabbitmq.js';
import { referenceDecode } from '../../../fuzz/codec/reference.js';
import { runCases } from '../../../fuzz/codec/run.js';
import { targets } from '../../../fuzz/codec/targets.js';
import { makePlan } from '../../../fuzz/live/plan.js';
import { readOptions, SHORT } from '../../../fuzz/options.js';
import { CLIENT_SIDE_LIMITS } from '../../src/stomp/limits.js';

/** Another one each day would find more, and make a build fail for no reason that its change has given. */
const SEED = 7;

test('20,000 made-up and damaged inputs: nothing but the errors that are meant, and what must hold holds', () => {
  const figures = runCases(SEED, 0, SHORT.codec);
  expect(figures.findings).toEqual([]);
  expect(figures.cases).toBe(SHORT.codec);
  // That every target had its turn: otherwise nothing was proved of it.
  expect(Object.keys(figures.counts).sort()).toEqual(targets.map(({ name }) => name).sort());
}, 120_000);

describe('a seed', () => {
  test('makes the same clients again, and another seed others', () => {
    for (const number of [0, 1, 2, 100]) expect(makePlan(3, number)).toEqual(makePlan(3, number));
    expect(makePlan(4, 0).steps).not.toEqual(makePlan(3, 0).steps);
    expect(makePlan(3, 1).steps).not.toEqual(makePlan(3, 0).steps);
  });

  test('makes any case again, alone', () => {
    const slow = (from: number, count: number) => runCases(SEED, from, count).counts;
    const together = slow(500, 3);
    const alone = [500, 501, 502].map((number) => slow(number, 1));
    const sum: Record<string, number> = {};
    for (const counts of alone)
      for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    expect(sum).toEqual(together);
  });
});

describe('a failing input is made smaller', () => {
  test('octets', () => {
    const input = Buffer.from('SEND\ndestination:/topic/a\n\nbody with X in it\0');
    expect(minimise(input, (bytes) => bytes.includes('X')).toString()).toBe('X');
  });

  test('a text', () => {
    expect(minimise('aaaa(bbbb)cccc', (text) => /\(.*\)/.test(text))).toBe('()');
  });

  test('headers: names stay with their values', () => {
    const input = ['a', '1', 'receipt', 'long!value', 'b', '2'];
    const fails = (list: string[]) => list[list.indexOf('receipt') + 1]?.includes('!') === true;
    expect(minimise(input, (list) => list.includes('receipt') && fails(list))).toEqual(['receipt', '!']);
  });
});

describe('what the decoder is held against', () => {
  const read = (text: string) => referenceDecode(Buffer.from(text), 'client', '1.2', CLIENT_SIDE_LIMITS);

  test('reads frames as the specification says', () => {
    const headers = ['a', 'b:c', 'content-length', '3'];
    expect(read('\r\nSEND\r\na:b\\cc\ncontent-length:3\n\n\0x\0\0')).toEqual({
      frames: [{ command: 'SEND', headers, body: '\0x\0' }],
      verdict: 'ok',
    });
    expect(read('SEND\n\nx').verdict).toBe('open');
    for (const bad of [
      'SENT\n\n\0',
      'SEND\na\n\n\0',
      'ACK\n\nx\0',
      'SEND\na:\\t\n\n\0',
      'SEND\na:b\rc\n\n\0',
    ]) {
      expect(read(bad).verdict).toBe('fault');
    }
  });

  test('reads destinations as RabbitMQ does', () => {
    expect(readByRabbitmq('/exchange/a%2Fb/c.d')).toEqual({ exchange: 'a/b', key: 'c.d' });
    expect(readByRabbitmq('/topic/a%2Eb')).toEqual({ exchange: 'amq.topic', key: 'a%2Eb' });
    expect(readByRabbitmq('/amq/queue/x')).toEqual({ queue: 'x' });
    expect(readByRabbitmq('plain')).toEqual({ queue: 'plain' });
    expect(readByRabbitmq('/nowhere/x')).toBeUndefined();
    expect(readByRabbitmq('/topic/a/b')).toBeUndefined();
  });
});

describe('options', () => {
  test('a case is named as a failure names it', () => {
    expect(readOptions(['--case', 'codec:12', '--seed', '3'])).toMatchObject({
      seed: 3,
      only: { part: 'codec', number: 12 },
    });
    expect(() => readOptions(['--case', 'x'])).toThrow('--case takes codec:<number> or live:<number>');
    expect(() => readOptions(['--codec', '-1'])).toThrow();
    expect(readOptions(['--short'])).toMatchObject({ codec: SHORT.codec, live: SHORT.live });
  });
});
