import { describe, expect, it } from 'vitest';
import { Outgoing } from '../../src/outbound/outgoing.js';
import { type DroppedCounts, Lane } from '../../src/transport/lane.js';
import { OutboundQueue } from '../../src/transport/outbound-queue.js';

const counts = (): DroppedCounts => ({ 'drop-oldest': 0, 'latest-only': 0 });
const oldest = (most: number, dropped: DroppedCounts) => new Lane({ policy: 'drop-oldest', most }, dropped);
const latest = (dropped: DroppedCounts) => new Lane({ policy: 'latest-only' }, dropped);

/** A MESSAGE whose body names it. */
function message(body: string, destination = '/topic/x'): Outgoing {
  return new Outgoing(Buffer.from(`MESSAGE\nsubscription:s\n\n${body}\0`), destination);
}

const SIZE = message('m').bytes.length;
const ALL = Number.POSITIVE_INFINITY;

/** What waits, oldest first: bodies, after a gap with how many are missing. */
function taken(queue: OutboundQueue, most = ALL): string[] {
  return queue.take(most).frames.map(({ bytes }) => {
    const [head = '', body = ''] = bytes.toString('latin1').split('\n\n');
    const gap = /^MESSAGE\nrelay-dropped:(\d+)\nsubscription:s$/.exec(head)?.[1];
    return `${body.slice(0, -1)}${gap === undefined ? '' : ` (${gap} missing)`}`;
  });
}

describe('frames', () => {
  it('come out in order, as many as fit, and at least one', () => {
    const queue = new OutboundQueue();
    for (let i = 1; i <= 5; i++) queue.add(message(`${i}`), i);
    expect(queue.bytes).toBe(5 * SIZE);
    expect(queue.take(2 * SIZE + 1)).toEqual({ frames: [message('1'), message('2')], mark: 2 });
    expect(queue.take(1)).toEqual({ frames: [message('3')], mark: 3 });
    expect(queue.bytes).toBe(2 * SIZE);
    expect(queue.take(ALL)).toEqual({ frames: [message('4'), message('5')], mark: 5 });
    expect([queue.isEmpty, queue.bytes]).toEqual([true, 0]);
    expect(queue.take(100)).toEqual({ frames: [], mark: 0 });
  });

  it('go on in order while some come and some go', () => {
    const queue = new OutboundQueue();
    const seen: string[] = [];
    for (let i = 0; i < 1000; i++) {
      queue.add(message(`${i}`), i + 1);
      if (i % 3 === 2) seen.push(...taken(queue, 2 * SIZE + 4));
    }
    seen.push(...taken(queue));
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, i) => `${i}`));
    expect(queue.bytes).toBe(0);
  });
});

describe('drop-oldest', () => {
  it('keeps the newest of a subscription, and all that is of none, in order', () => {
    const queue = new OutboundQueue();
    const dropped = counts();
    const lane = oldest(2, dropped);
    queue.add(message('receipt'), 1);
    for (let i = 1; i <= 5; i++) {
      queue.add(message(`${i}`), 2 * i, lane);
      queue.add(message(`mail ${i}`), 2 * i + 1);
    }
    expect(dropped).toEqual({ 'drop-oldest': 3, 'latest-only': 0 });
    const mails = ['mail 1', 'mail 2', 'mail 3'];
    expect(taken(queue)).toEqual(['receipt', ...mails, '4 (3 missing)', 'mail 4', '5', 'mail 5']);
    expect(queue.bytes).toBe(0);
  });

  it('is about each subscription by itself', () => {
    const queue = new OutboundQueue();
    const dropped = counts();
    const lanes = [oldest(1, dropped), oldest(3, dropped)];
    for (let i = 1; i <= 3; i++)
      for (const [at, lane] of lanes.entries()) queue.add(message(`${at}${i}`), i, lane);
    expect(taken(queue)).toEqual(['11', '12', '03 (2 missing)', '13']);
  });

  it('goes on where it was after some were taken', () => {
    const queue = new OutboundQueue();
    const lane = oldest(2, counts());
    const seen: string[] = [];
    for (let i = 1; i <= 9; i++) {
      queue.add(message(`${i}`), i, lane);
      if (i % 4 === 0) seen.push(...taken(queue, 1));
    }
    seen.push(...taken(queue));
    expect(seen).toEqual(['3 (2 missing)', '7 (3 missing)', '8', '9']);
  });
});

describe('latest-only', () => {
  it('keeps the newest of each destination, in the place of the first that waited', () => {
    const queue = new OutboundQueue();
    const dropped = counts();
    const lane = latest(dropped);
    const publish = (what: string, i: number) => queue.add(message(`${what}${i}`, `/topic/${what}`), i, lane);
    publish('gold', 1);
    queue.add(message('mail'), 2);
    publish('iron', 3);
    for (let i = 4; i < 100; i++) publish('gold', i);
    expect(dropped).toEqual({ 'drop-oldest': 0, 'latest-only': 96 });
    const { bytes } = queue;
    expect(bytes).toBe(
      ['gold99', 'mail', 'iron3'].reduce((sum, body) => sum + message(body).bytes.length, 0),
    );
    expect(taken(queue)).toEqual(['gold99 (96 missing)', 'mail', 'iron3']);
    publish('gold', 100);
    expect(taken(queue)).toEqual(['gold100']);
    expect(queue.bytes).toBe(0);
  });

  it('proves no more than what went out: the mark is that of the place', () => {
    const queue = new OutboundQueue();
    const lane = latest(counts());
    queue.add(message('1'), 1, lane);
    queue.add(message('mail'), 2);
    queue.add(message('3'), 3, lane);
    expect(queue.take(1).mark).toBe(1);
  });

  it('is about each subscription by itself', () => {
    const queue = new OutboundQueue();
    const lanes = [latest(counts()), latest(counts())];
    for (let i = 1; i <= 2; i++) for (const lane of lanes) queue.add(message(`${i}`), i, lane);
    expect(taken(queue)).toEqual(['2 (1 missing)', '2 (1 missing)']);
  });
});

describe('too much in all', () => {
  it('drops what may be dropped, of the subscription with most first', () => {
    const queue = new OutboundQueue();
    const dropped = counts();
    const [small, large] = [latest(dropped), oldest(100, dropped)];
    queue.add(message('s', '/topic/s'), 1, small);
    for (let i = 0; i < 6; i++) queue.add(message(`${i}`), i + 2, large);
    queue.add(message('r'), 8);
    queue.shed(4 * SIZE);
    expect(queue.bytes).toBe(4 * SIZE);
    expect(dropped).toEqual({ 'drop-oldest': 4, 'latest-only': 0 });
    queue.shed(0);
    // What may not be dropped stays, and is for others to judge.
    expect(taken(queue)).toEqual(['r']);
    expect(dropped).toEqual({ 'drop-oldest': 6, 'latest-only': 1 });
    // The next that goes out tells, also when nothing waits any more.
    expect(large.stamp(message('next')).bytes.toString()).toContain('relay-dropped:6\n');
    expect(large.stamp(message('next')).bytes.toString()).not.toContain('relay-dropped');
  });

  it('gives everything back: a queue that was emptied holds nothing, however long it was in use', () => {
    const queue = new OutboundQueue();
    const lane = oldest(3, counts());
    queue.add(message('mail'), 0);
    for (let i = 0; i < 100_000; i++) queue.add(message(`${i % 10}`), i, lane);
    expect([queue.bytes, lane.count]).toEqual([message('mail').bytes.length + 3 * SIZE, 3]);
    expect(taken(queue)).toEqual(['mail', '7 (99997 missing)', '8', '9']);
    expect([queue.isEmpty, lane.count, lane.bytes, lane.oldest]).toEqual([true, 0, 0, undefined]);
  });
});
