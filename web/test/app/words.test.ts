import { describe, expect, it } from 'vitest';
import { statusWords } from '../../src/app/status.js';
import { nextTheme } from '../../src/app/theme.js';
import { titleOf } from '../../src/app/title.js';
import { linkOf, nameOf } from '../../src/notifications/words.js';
import { toneOf } from '../../src/ui/Avatar.js';
import { ago } from '../../src/ui/Time.js';

describe('titleOf', () => {
  it('counts what is not read', () => {
    expect(titleOf('Chat', 0)).toBe('Chat · Little Shop');
    expect(titleOf('Chat', 3)).toBe('(3) Chat · Little Shop');
    expect(titleOf(undefined, 100)).toBe('(99+) Little Shop');
  });
});

describe('statusWords', () => {
  const waiting = {
    status: 'waiting',
    attempt: 2,
    retryAt: 10_000,
    reason: 'token expired',
    code: 4410,
  } as const;

  it('counts the seconds down, and never below none', () => {
    expect(statusWords(waiting, 7_100, false)).toMatchObject({ text: 'Back in 3 s', tone: 'busy' });
    expect(statusWords(waiting, 10_000, false).text).toBe('Reconnecting');
    expect(statusWords(waiting, 12_000, false).text).toBe('Reconnecting');
  });

  it('says why it has stopped', () => {
    const state = { status: 'stopped', reason: 'not allowed by policy', code: 4403 } as const;
    expect(statusWords(state, 0, false)).toEqual({
      text: 'Stopped',
      tone: 'bad',
      detail: 'not allowed by policy',
    });
  });

  it('says that one has gone offline oneself', () => {
    expect(statusWords({ status: 'closed' }, 0, true).text).toBe('Offline');
  });
});

describe('small words', () => {
  it('says how long ago, also by a clock that is behind', () => {
    const now = Date.UTC(2026, 4, 3, 12);
    expect(ago(now + 5_000, now)).toBe('now');
    expect(ago(now - 61_000, now)).toBe('1 min ago');
    expect(ago(now - 3 * 3_600_000, now)).toBe('3 h ago');
    expect(ago(now - 48 * 3_600_000, now)).toBe('May 1');
  });

  it('leads to what a notice is about', () => {
    const notice = { id: 'n', kind: 'mailbox', title: '', text: '', at: 0, read: false } as const;
    expect(linkOf(notice)).toBeUndefined();
    expect(linkOf({ ...notice, about: { type: 'person', id: 'a b' } })).toBe('#/chat?with=a+b');
    expect(linkOf({ ...notice, about: { type: 'order', id: 'A-1' } })).toBe('#/shop?order=A-1');
  });

  it('names what is followed', () => {
    expect(nameOf({ type: 'order', id: 'A-1' })).toBe('Order A-1');
    expect(nameOf({ type: 'product', id: 'reading-lamp' })).toBe('Reading lamp');
  });

  it('gives a name the same colour each time, one of those there are', () => {
    for (const name of ['alice', '', '👋', 'x'.repeat(1000)]) {
      expect(toneOf(name)).toBe(toneOf(name));
      expect(toneOf(name)).toBeGreaterThanOrEqual(0);
      expect(toneOf(name)).toBeLessThan(6);
    }
  });

  it('comes back to the first theme', () => {
    expect(nextTheme('auto')).toBe('light');
    expect(nextTheme('dark')).toBe('auto');
  });
});
