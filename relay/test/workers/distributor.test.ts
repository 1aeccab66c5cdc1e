import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Distributor, RANKS, type Taker } from '../../src/workers/distributor.js';

/** A worker that takes a connection when it is told to. */
class Hand implements Taker {
  busy = false;
  readonly taken: Socket[] = [];

  constructor(
    public rank: number = RANKS.ready,
    public load = 0,
  ) {}

  give(socket: Socket): void {
    this.busy = true;
    this.taken.push(socket);
  }

  take(): void {
    this.busy = false;
    this.load++;
  }
}

function distribute(
  hands: Hand[],
  count: number,
  most?: number,
): { distributor: Distributor; sockets: Socket[] } {
  const distributor = new Distributor(() => hands, undefined, most);
  const sockets = Array.from({ length: count }, () => new Socket());
  for (const socket of sockets) distributor.take(socket);
  return { distributor, sockets };
}

/** Has everybody take what they were given, until nothing moves any more. */
function settle(distributor: Distributor, hands: Hand[]): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const hand of hands.filter(({ busy }) => busy)) {
      hand.take();
      distributor.pass();
      moved = true;
    }
  }
}

describe('connections go', () => {
  it('to whoever has the fewest', () => {
    const hands = [new Hand(RANKS.ready, 10), new Hand(RANKS.ready, 4)];
    const { distributor } = distribute(hands, 0);
    for (let count = 0; count < 10; count++) {
      distributor.take(new Socket());
      settle(distributor, hands);
    }
    expect(hands.map(({ load }) => load)).toEqual([12, 12]);
  });

  it('one at a time to each, in order', () => {
    const hands = [new Hand(), new Hand()];
    const { distributor, sockets } = distribute(hands, 4);
    expect(hands.map(({ taken }) => taken.length)).toEqual([1, 1]);
    settle(distributor, hands);
    expect(hands.map(({ taken }) => taken)).toEqual([
      [sockets[0], sockets[2]],
      [sockets[1], sockets[3]],
    ]);
  });

  it('past one that takes nothing', () => {
    const [stuck, other] = [new Hand(), new Hand()];
    const { distributor } = distribute([stuck, other], 5);
    for (let round = 0; round < 4; round++) {
      other.take();
      distributor.pass();
    }
    expect([stuck.taken.length, other.taken.length]).toEqual([1, 4]);
  });

  it('to a full one, which cuts them, only while nobody has room', () => {
    const [full, slow] = [new Hand(RANKS.ready, 4), new Hand(RANKS.ready, 3)];
    const distributor = new Distributor(() => [full, slow], 4);
    for (let count = 0; count < 3; count++) distributor.take(new Socket());
    expect([full.taken.length, slow.taken.length]).toEqual([0, 1]);
    slow.take();
    distributor.pass();
    // The others come to either, and are cut.
    expect([full.taken.length, slow.taken.length]).toEqual([1, 2]);
  });

  it('to those that are not ready only while nobody is', () => {
    const hands = [new Hand(RANKS.never), new Hand(RANKS.leaving), new Hand(RANKS.open)];
    const { distributor } = distribute(hands, 2);
    expect(hands.map(({ taken }) => taken.length)).toEqual([0, 0, 1]);
    const ready = new Hand(RANKS.ready, 100);
    hands.push(ready);
    distributor.pass();
    expect(ready.taken).toHaveLength(1);
    expect(hands[1]?.taken).toHaveLength(0);
  });

  it('nowhere while nobody is there, and wait: a bounded number of them', () => {
    const hands: Hand[] = [];
    const { distributor, sockets } = distribute(hands, 5, 3);
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false, false, true, true]);
    const late = new Hand();
    hands.push(late);
    distributor.pass();
    settle(distributor, hands);
    expect(late.taken).toEqual(sockets.slice(0, 3));
  });

  it('nowhere any more in the end', () => {
    const { distributor, sockets } = distribute([], 2);
    distributor.drop();
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true);
  });
});
