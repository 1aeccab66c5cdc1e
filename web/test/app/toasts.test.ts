import { describe, expect, it } from 'vitest';
import { place, type Slots, type Toast } from '../../src/app/toasts.js';

const toast = (id: number, key?: string): Toast => ({
  id,
  title: `t${id}`,
  ...(key === undefined ? {} : { key }),
});
const ids = (slots: Slots) => slots.map((slot) => slot?.id);
const empty: Slots = [undefined, undefined, undefined];

describe('where a toast goes', () => {
  it('takes a free place and moves no other', () => {
    const two = place(place(empty, toast(1)), toast(2));
    expect(ids(two)).toEqual([1, 2, undefined]);
    expect(ids(place([undefined, toast(2), undefined], toast(3)))).toEqual([3, 2, undefined]);
  });

  it('takes the place of the oldest when there is no other', () => {
    const full = [4, 2, 3].map((id) => toast(id));
    expect(ids(place(full, toast(5)))).toEqual([4, 5, 3]);
  });

  it('replaces the one of its key', () => {
    const slots = [toast(1), toast(2, 'away'), undefined];
    expect(ids(place(slots, toast(3, 'away')))).toEqual([1, 3, undefined]);
  });
});
