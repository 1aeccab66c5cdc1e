import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Centre, Notice } from '../../../demo/contract.js';
import {
  addNotice,
  applyChange,
  countUnread,
  emptyCentre,
  isNotice,
  joinCentre,
} from '../../src/notifications/centre.js';

const notice = (id: string, at: number, more: Partial<Notice> = {}): Notice => ({
  id,
  kind: 'reminder',
  title: `Notice ${id}`,
  text: '',
  at,
  read: false,
  ...more,
});
const withNotices = (...notices: Notice[]): Centre => ({ ...emptyCentre, notices });
const ids = (centre: Centre) => centre.notices.map(({ id }) => id);

describe('addNotice', () => {
  it('puts the newest first, whatever comes first', () => {
    const centre = [notice('b', 2), notice('c', 3), notice('a', 1)].reduce(addNotice, emptyCentre);
    expect(ids(centre)).toEqual(['c', 'b', 'a']);
  });

  it('changes nothing when the same one comes again', () => {
    const centre = withNotices(notice('a', 1, { read: true }));
    expect(addNotice(centre, notice('a', 1))).toBe(centre);
  });

  it('keeps the newest hundred', () => {
    const many = Array.from({ length: 120 }, (_, i) => notice(`n${i}`, i));
    const centre = many.reduce(addNotice, emptyCentre);
    expect(centre.notices).toHaveLength(100);
    expect(centre.notices[0]?.id).toBe('n119');
  });
});

describe('joinCentre', () => {
  it('keeps what was pushed while the answer was on its way', () => {
    const joined = joinCentre(withNotices(notice('live', 5)), withNotices(notice('old', 1)));
    expect(ids(joined)).toEqual(['live', 'old']);
  });

  it('takes settings from the service', () => {
    const ours: Centre = { ...emptyCentre, muted: ['mailbox'], following: [{ type: 'product', id: 'lamp' }] };
    const theirs: Centre = { ...emptyCentre, muted: ['reminder'], following: [] };
    expect(joinCentre(ours, theirs)).toEqual(theirs);
  });

  it('ends with the same notices in whatever order mail and answer arrive', () => {
    const pushed = fc.uniqueArray(
      fc
        .record({ n: fc.nat(30), at: fc.nat(5), read: fc.boolean() })
        .map(({ n, at, read }) => notice(`n${n}`, at, { read })),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(pushed, pushed, (live, answered) => {
        const answer = withNotices(...answered);
        const answerFirst = live.reduce(addNotice, joinCentre(emptyCentre, answer));
        const mailFirst = joinCentre(live.reduce(addNotice, emptyCentre), answer);
        expect(new Set(ids(answerFirst))).toEqual(new Set(ids(mailFirst)));
        // What the service says was read is read, whichever came first.
        for (const { id } of answered.filter(({ read }) => read))
          for (const centre of [answerFirst, mailFirst])
            expect(centre.notices.find((n) => n.id === id)?.read).toBe(true);
      }),
    );
  });
});

describe('applyChange', () => {
  const centre = withNotices(notice('c', 30), notice('b', 20), notice('a', 10));

  it('marks those that were read in another tab, and no other', () => {
    const changed = applyChange(centre, { read: ['a', 'unknown'] }, 100);
    expect(changed.notices.filter(({ read }) => read).map(({ id }) => id)).toEqual(['a']);
    expect(countUnread(changed.notices)).toBe(2);
  });

  it('marks all there were when it was said, not what came after', () => {
    const changed = applyChange(centre, { read: 'all' }, 25);
    expect(changed.notices.map(({ id, read }) => [id, read])).toEqual([
      ['c', false],
      ['b', true],
      ['a', true],
    ]);
  });

  it('changes only what it names', () => {
    const before: Centre = { ...centre, muted: ['mailbox'], following: [{ type: 'order', id: 'A-1' }] };
    expect(applyChange(before, { muted: [] }, 0)).toEqual({ ...before, muted: [] });
    expect(applyChange(before, { following: [] }, 0)).toEqual({ ...before, following: [] });
    expect(applyChange(before, {}, 0)).toEqual(before);
  });

  it('never makes a read one unread again', () => {
    const read = applyChange(centre, { read: ['b'] }, 100);
    const later = joinCentre(addNotice(read, notice('b', 20)), withNotices(notice('b', 20)));
    expect(later.notices.find(({ id }) => id === 'b')?.read).toBe(true);
  });
});

describe('countUnread', () => {
  it('counts one kind, or all', () => {
    const notices = [
      notice('a', 1),
      notice('b', 2, { kind: 'mailbox' }),
      notice('c', 3, { kind: 'mailbox', read: true }),
    ];
    expect(countUnread(notices)).toBe(2);
    expect(countUnread(notices, 'mailbox')).toBe(1);
    expect(countUnread(notices, 'announcement')).toBe(0);
  });
});

describe('isNotice', () => {
  it('takes what the contract says', () => {
    expect(isNotice(notice('a', 1))).toBe(true);
    expect(isNotice(JSON.parse(JSON.stringify(notice('a', 1, { from: 'bob' }))))).toBe(true);
  });

  it.each([
    [undefined],
    [null],
    ['text'],
    [{}],
    [{ ...notice('a', 1), kind: 'spam' }],
    [{ ...notice('a', 1), id: 7 }],
    [{ ...notice('a', 1), title: undefined }],
    [{ ...notice('a', 1), at: 'yesterday' }],
    // No Date can show these.
    [{ ...notice('a', 1), at: Number.NaN }],
    [{ ...notice('a', 1), at: 1e300 }],
    [{ ...notice('a', 1), read: 'yes' }],
  ])('refuses %j', (value) => {
    expect(isNotice(value)).toBe(false);
  });
});
