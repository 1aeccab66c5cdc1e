import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatLine } from '../../../demo/contract.js';
import {
  claim,
  type Lines,
  mergeLines,
  type PendingLine,
  pendingIn,
  personPlace,
  unreadLines,
} from '../../src/chat/conversations.js';
import { byDay, dayName } from '../../src/chat/day.js';

const bob = { type: 'person', id: 'bob' } as const;
const none: Lines = new Map();
const line = (id: string, at: number, from = 'bob', to = 'alice'): ChatLine => ({
  id,
  from,
  to,
  text: `line ${id}`,
  at,
});

describe('lines of a conversation', () => {
  it('are sorted by time and shown once, in whatever pieces they come', () => {
    const lines = fc.array(fc.record({ n: fc.nat(20) }), { maxLength: 40 });
    fc.assert(
      fc.property(lines, fc.nat(40), (all, cut) => {
        const made = all.map(({ n }) => line(`l${n}`, 1000 - n));
        const merged = mergeLines(mergeLines(none, bob, made.slice(cut)), bob, made.slice(0, cut));
        const expected = [...new Set(all.map(({ n }) => n))].sort((a, b) => b - a).map((n) => `l${n}`);
        expect((merged.get('person:bob') ?? []).map(({ id }) => id)).toEqual(expected);
      }),
    );
  });

  it('are the same map after a duplicate', () => {
    const lines = mergeLines(none, bob, [line('a', 1)]);
    expect(mergeLines(lines, bob, [line('a', 1)])).toBe(lines);
  });

  it('do not grow without end', () => {
    const many = Array.from({ length: 600 }, (_, i) => line(`l${i}`, i));
    const kept = mergeLines(none, bob, many).get('person:bob') ?? [];
    expect(kept).toHaveLength(500);
    expect(kept.at(-1)?.id).toBe('l599');
  });

  it('of a person with the name of a room stay apart from the room', () => {
    const both = mergeLines(
      mergeLines(none, { type: 'room', id: 'lobby' }, [line('a', 1)]),
      { type: 'person', id: 'lobby' },
      [line('b', 2)],
    );
    expect([...both.keys()]).toEqual(['room:lobby', 'person:lobby']);
  });

  it('belong to the other of the two', () => {
    expect(personPlace(line('a', 1, 'bob', 'alice'), 'alice')).toEqual(bob);
    expect(personPlace(line('a', 1, 'alice', 'bob'), 'alice')).toEqual(bob);
  });
});

describe('a line that is on its way', () => {
  const pending = (local: string, text = 'hello'): PendingLine => ({
    local,
    place: bob,
    text,
    at: 1,
    failed: undefined,
  });
  const pushed = { ...line('a', 5, 'alice', 'bob'), text: 'hello' };

  it('gives way to the pushed one, the oldest of the same words first', () => {
    const after = claim([pending('1', 'other'), pending('2'), pending('3')], bob, pushed);
    expect(pendingIn(after, bob).map(({ local }) => local)).toEqual(['1', '3']);
    expect(pendingIn(claim(after, bob, { ...pushed, id: 'b' }), bob).map(({ local }) => local)).toEqual([
      '1',
    ]);
  });

  it('is shown in its own conversation only', () => {
    expect(pendingIn([pending('1')], { type: 'room', id: 'bob' })).toEqual([]);
    expect(claim([pending('1')], { type: 'person', id: 'carol' }, pushed)).toEqual([pending('1')]);
  });
});

describe('unread lines', () => {
  const lines = [line('a', 1), line('b', 2), line('c', 3, 'alice', 'bob'), line('d', 4), line('e', 5)];
  it('are those of others behind what was seen', () => {
    expect(unreadLines(lines, 'alice', 4)).toBe(1);
    expect(unreadLines(lines, 'alice', 5)).toBe(0);
  });
  it('leave out what was answered', () => {
    expect(unreadLines(lines, 'alice', 0)).toBe(2);
  });
});

describe('days', () => {
  const at = (text: string) => new Date(text).getTime();
  it('part the lines where the date changes', () => {
    const lines = [
      line('a', at('2026-03-01T23:59:00')),
      line('b', at('2026-03-02T00:01:00')),
      line('c', at('2026-03-02T12:00:00')),
    ];
    expect(byDay(lines).map(({ date, lines }) => [date, lines.length])).toEqual([
      ['2026-03-01', 1],
      ['2026-03-02', 2],
    ]);
  });
  it('are named', () => {
    const now = at('2026-03-01T00:30:00');
    expect(dayName('2026-03-01', now)).toBe('Today');
    expect(dayName('2026-02-28', now)).toBe('Yesterday');
    expect(dayName('2026-02-27', now)).toBe('Friday, February 27');
  });
});
