import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Merge, SeenIds } from '../../client/merge.js';
import type { RelayMessage } from '../../client/types.js';

function message(id: string, unread = false): RelayMessage {
  const rest = { destination: '/user/topic/x', headers: {}, body: id, bytes: new Uint8Array() };
  return { id, unread, sender: undefined, ...rest };
}

function merging(known?: number, mostHeld?: number) {
  const delivered: string[] = [];
  return { merge: new Merge(({ id }) => delivered.push(id), known, mostHeld), delivered };
}

describe('merge', () => {
  it('passes on what is live at once while there is nothing to wait for', () => {
    const { merge, delivered } = merging();
    merge.live(message('1'));
    expect(delivered).toEqual(['1']);
  });

  it('shows pulled messages in front of the live ones that came while they were fetched', () => {
    const { merge, delivered } = merging();
    merge.hold();
    merge.live(message('3'));
    merge.pulled([message('1', true)]);
    merge.live(message('4'));
    merge.pulled([message('2', true)]);
    expect(delivered).toEqual(['1', '2']);
    merge.release();
    merge.live(message('5'));
    expect(delivered).toEqual(['1', '2', '3', '4', '5']);
  });

  it('tells nothing apart by an empty id', () => {
    const { merge, delivered } = merging();
    for (let i = 0; i < 3; i++) merge.live(message(''));
    expect(delivered).toHaveLength(3);
  });

  it('does not hold more than it may, and loses none of it', () => {
    const { merge, delivered } = merging(100, 3);
    merge.hold();
    for (const id of ['1', '2', '3']) merge.live(message(id));
    expect(delivered).toEqual([]);
    merge.live(message('4'));
    expect(delivered).toEqual(['1', '2', '3', '4']);
  });

  it('delivers each once and in the order of publication, however a mailbox and a live feed share a sequence', () => {
    // The mailbox has a beginning of the sequence, the feed the end, and both some in between.
    const cases = fc
      .record({ count: fc.nat(60), from: fc.nat(60), to: fc.nat(60), page: fc.integer({ min: 1, max: 9 }) })
      .chain((shape) => fc.record({ shape: fc.constant(shape), steps: fc.infiniteStream(fc.boolean()) }));
    fc.assert(
      fc.property(cases, ({ shape, steps }) => {
        const ids = Array.from({ length: shape.count }, (_, i) => `m${i}`);
        const [from, to] = [Math.min(shape.from, shape.to), Math.max(shape.from, shape.to)];
        const pulls = ids.slice(0, to);
        const lives = ids.slice(from);
        const { merge, delivered } = merging();
        merge.hold();
        for (const pullNext of steps) {
          if (pulls.length === 0) break;
          if (pullNext) merge.pulled(pulls.splice(0, shape.page).map((id) => message(id, true)));
          else if (lives.length > 0) merge.live(message(lives.shift() as string));
        }
        merge.release();
        for (const id of lives) merge.live(message(id));
        expect(delivered).toEqual(ids);
      }),
    );
  });
});

describe('seen ids', () => {
  it('forget the one that was seen longest ago', () => {
    const seen = new SeenIds(2);
    expect(['a', 'b', 'a', 'c', 'a', 'b'].map((id) => seen.add(id))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });

  it('stay within their bound', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30)), fc.integer({ min: 1, max: 10 }), (ids, most) => {
        const seen = new SeenIds(most);
        const recent: number[] = [];
        for (const id of ids) {
          expect(seen.add(String(id))).toBe(!recent.includes(id));
          const at = recent.indexOf(id);
          if (at >= 0) recent.splice(at, 1);
          recent.push(id);
          if (recent.length > most) recent.shift();
        }
      }),
    );
  });
});
