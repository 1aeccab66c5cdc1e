import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Settlements } from '../../src/broker/settlements.js';

/** The broker's side of a channel, by AMQP 0-9-1, basic.ack and basic.nack. */
class Channel {
  readonly acked = new Set<number>();
  readonly refused = new Set<number>();
  /** What the broker is told, and how often. */
  commands = 0;
  private readonly open: Set<number>;

  constructor(count: number) {
    this.open = new Set(Array.from({ length: count }, (_, i) => i + 1));
  }

  nack(tag: number): void {
    this.take(tag, this.refused);
  }

  ack(tag: number, multiple: boolean): void {
    this.commands++;
    if (multiple) for (const below of [...this.open]) if (below < tag) this.take(below, this.acked);
    this.take(tag, this.acked);
  }

  private take(tag: number, into: Set<number>): void {
    if (!this.open.delete(tag)) throw new Error(`PRECONDITION_FAILED - unknown delivery tag ${tag}`);
    into.add(tag);
  }
}

/** The same of a channel with so many deliveries. */
function delivered(count: number): Settlements {
  const settlements = new Settlements();
  for (let tag = 1; tag <= count; tag++) settlements.delivered(tag);
  return settlements;
}

/** As the node queue does it. */
function tell(channel: Channel, settlements: Settlements, acked: number[], refused: number[]): void {
  const { upTo, single } = settlements.settle(acked, refused);
  for (const tag of refused) channel.nack(tag);
  if (upTo > 0) channel.ack(upTo, true);
  for (const tag of single) channel.ack(tag, false);
}

describe('acknowledgements', () => {
  it('are one for all, as long as nothing in between is open', () => {
    const settlements = delivered(12);
    expect(settlements.settle([2, 1, 3], [])).toEqual({ upTo: 3, single: [] });
    expect(settlements.settle([4], [])).toEqual({ upTo: 4, single: [] });
    expect(settlements.settle([7, 8], [])).toEqual({ upTo: 0, single: [7, 8] });
    expect(settlements.settle([5], [])).toEqual({ upTo: 5, single: [] });
    // Those above were told one by one: there is nothing to cover any more.
    expect(settlements.settle([6, 9, 11], [])).toEqual({ upTo: 9, single: [11] });
  });

  it('pass over what is refused, which is told before them', () => {
    const settlements = delivered(6);
    expect(settlements.settle([1, 3], [2])).toEqual({ upTo: 3, single: [] });
    expect(settlements.settle([], [4])).toEqual({ upTo: 0, single: [] });
    expect(settlements.settle([5], [])).toEqual({ upTo: 5, single: [] });
  });

  it('say of every delivery what was decided of it, and nothing of one that is open', () => {
    const decisions = fc.array(fc.record({ rank: fc.nat(), refused: fc.boolean(), burst: fc.nat(3) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(decisions, fc.nat(60), (plan, undecided) => {
        const channel = new Channel(plan.length);
        const settlements = delivered(plan.length);
        const order = plan
          .map((decision, i) => ({ ...decision, tag: i + 1 }))
          .sort((a, b) => a.rank - b.rank)
          .slice(undecided);
        const expected = { acked: new Set<number>(), refused: new Set<number>() };
        let acked: number[] = [];
        let refused: number[] = [];
        for (const { tag, refused: no, burst } of order) {
          (no ? refused : acked).push(tag);
          (no ? expected.refused : expected.acked).add(tag);
          if (burst > 0) continue;
          tell(channel, settlements, acked, refused);
          [acked, refused] = [[], []];
        }
        tell(channel, settlements, acked, refused);
        expect(channel.acked).toEqual(expected.acked);
        expect(channel.refused).toEqual(expected.refused);
      }),
    );
  });

  it('are few when clients confirm in turn', () => {
    const channel = new Channel(100);
    const settlements = delivered(100);
    for (let first = 1; first <= 100; first += 20) {
      tell(
        channel,
        settlements,
        Array.from({ length: 20 }, (_, i) => first + i),
        [],
      );
    }
    expect(channel.acked.size).toBe(100);
    expect(channel.commands).toBe(5);
  });
});
