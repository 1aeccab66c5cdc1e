import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Badge } from '../../src/unread/badge.js';
import { Changes } from '../../src/unread/changes.js';
import { MemoryFeed } from './memory-feed.js';

/** How many messages wait, as the broker would say; counts are read when the question is asked. */
class Counts {
  readonly mailboxes = new Map<string, number>();
  failure: Error | undefined;
  /** Looks at all of them, and at one. */
  looks = 0;
  questions = 0;
  /** Awaited before each answer, in the order of the questions. */
  gates: Promise<void>[] = [];

  async counts(): Promise<Map<string, number>> {
    this.looks++;
    const answer = new Map(this.mailboxes);
    await this.answering();
    return answer;
  }

  async count({ rest }: { rest: string }): Promise<number> {
    this.questions++;
    const answer = this.mailboxes.get(rest) ?? 0;
    await this.answering();
    return answer;
  }

  private async answering(): Promise<void> {
    await this.gates.shift();
    if (this.failure) throw this.failure;
  }
}

let counts: Counts;
let feed: MemoryFeed;
let changes: Changes;
let badge: Badge;
let shown: string[];

beforeEach(() => {
  vi.useFakeTimers();
  counts = new Counts();
  feed = new MemoryFeed();
  changes = new Changes(feed);
  shown = [];
  badge = new Badge('alice', counts, changes, (rest, count) => shown.push(`${rest}:${count}`));
});
afterEach(() => {
  badge.end();
  vi.useRealTimers();
});

const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** The mailbox has another number of messages, and everybody is told. */
function becomes(rest: string, count: number): void {
  counts.mailboxes.set(rest, count);
  changes.received('alice', [rest]);
}

async function started(): Promise<void> {
  await badge.start();
  await pass(300);
}

function gate(): () => void {
  let open = () => {};
  counts.gates.push(
    new Promise((resolve) => {
      open = resolve;
    }),
  );
  return () => open();
}

describe('a badge', () => {
  it('shows what there is, and nothing where nothing is', async () => {
    counts.mailboxes.set('x', 2).set('y', 1);
    await started();
    expect(shown).toEqual(['x:2', 'y:1']);
  });

  it('shows every change, once', async () => {
    await started();
    becomes('x', 3);
    await pass();
    changes.received('alice', ['x', 'y']);
    await pass(300);
    expect(shown).toEqual(['x:3']);
    becomes('x', 0);
    await pass(300);
    expect(shown).toEqual(['x:3', 'x:0']);
  });

  it('asks about what has changed alone', async () => {
    await started();
    becomes('x', 1);
    await pass(1000);
    expect([counts.looks, counts.questions]).toEqual([1, 1]);
  });

  it('looks again at everything when changes may have been missed', async () => {
    counts.mailboxes.set('x', 1).set('y', 1);
    await started();
    counts.mailboxes.delete('x');
    counts.mailboxes.set('y', 2).set('z', 1);
    changes.missed();
    await pass();
    expect(shown.slice(2)).toEqual(['x:0', 'y:2', 'z:1']);
  });
});

it('looks at most three times a second, and shows the last count in the end', async () => {
  await started();
  for (let i = 1; i <= 100; i++) {
    becomes('x', i);
    await pass(10);
  }
  expect(counts.questions).toBeLessThanOrEqual(4);
  await pass(300);
  expect(shown.at(-1)).toBe('x:100');
  await pass(10_000);
  expect(counts.questions).toBeLessThanOrEqual(5);
  expect(vi.getTimerCount()).toBe(0);
});

it('shows a change that came while it was looking', async () => {
  counts.mailboxes.set('x', 1);
  const open = gate();
  await badge.start();
  becomes('x', 2);
  open();
  await pass(300);
  expect(shown).toEqual(['x:1', 'x:2']);
});

it('shows a change that came while it was looking at a change', async () => {
  await started();
  const open = gate();
  becomes('x', 1);
  becomes('x', 2);
  becomes('y', 1);
  open();
  await pass(600);
  expect(shown.filter((one) => one.startsWith('x')).at(-1)).toBe('x:2');
  expect(shown).toContain('y:1');
});

it('looks once more when it was told before it could be sure to hear everything', async () => {
  let bound = () => {};
  feed.gate = new Promise((resolve) => {
    bound = resolve;
  });
  void badge.start();
  await pass();
  // The connection came back while the first binding was under way.
  changes.missed();
  await pass();
  expect(counts.looks).toBe(1);
  counts.mailboxes.set('x', 1);
  bound();
  await pass(300);
  expect(shown).toEqual(['x:1']);
});

it('never looks twice at the same time: an earlier count would come last', async () => {
  let bound = () => {};
  feed.gate = new Promise((resolve) => {
    bound = resolve;
  });
  void badge.start();
  const [first, second] = [gate(), gate()];
  counts.mailboxes.set('x', 5);
  changes.missed();
  bound();
  await pass(300);
  becomes('x', 1);
  second();
  await pass(300);
  expect(counts.looks + counts.questions).toBe(1);
  first();
  await pass(600);
  expect(shown.at(-1)).toBe('x:1');
});

describe('while the broker is away', () => {
  it('tries again after two seconds, and then looks at everything', async () => {
    await started();
    counts.failure = new Error('away');
    becomes('x', 1);
    await pass(1999);
    expect([shown, counts.questions]).toEqual([[], 1]);
    counts.failure = undefined;
    counts.mailboxes.set('y', 1);
    await pass(1);
    expect(shown).toEqual(['x:1', 'y:1']);
  });

  it('starts all the same', async () => {
    feed.failure = new Error('away');
    counts.failure = new Error('away');
    await badge.start();
    feed.failure = undefined;
    counts.failure = undefined;
    counts.mailboxes.set('x', 1);
    await pass(2000);
    expect(shown).toEqual(['x:1']);
  });
});

describe('the end', () => {
  it('is the end of everything', async () => {
    await started();
    becomes('x', 1);
    await pass();
    badge.end();
    expect([feed.following, vi.getTimerCount()]).toEqual([[], 0]);
    becomes('x', 2);
    changes.missed();
    await pass(10_000);
    expect(shown).toEqual(['x:1']);
  });

  it('may come while it looks', async () => {
    counts.mailboxes.set('x', 1);
    const open = gate();
    await badge.start();
    badge.end();
    open();
    await pass();
    expect(vi.getTimerCount()).toBe(0);
    await pass(10_000);
    expect([shown, counts.looks]).toEqual([[], 1]);
  });

  it('may come before it has begun', async () => {
    counts.mailboxes.set('x', 1);
    const start = badge.start();
    badge.end();
    await start;
    await pass(10_000);
    expect([shown, counts.looks, feed.following]).toEqual([[], 0, []]);
  });
});
