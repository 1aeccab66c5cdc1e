import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Outstanding } from '../../src/session/outstanding.js';
import { Unproven } from '../../src/session/unproven.js';
import { Settlements } from './rig.js';

const LIMIT = 5000;
let unproven: Unproven;
let outstanding: Outstanding;

beforeEach(() => {
  vi.useFakeTimers();
  unproven = new Unproven();
  outstanding = new Outstanding(unproven);
});
afterEach(() => {
  vi.useRealTimers();
});

/** What `settled` has resolved with so far; undefined while it has not. */
function watch(): () => boolean | undefined {
  let result: boolean | undefined;
  void outstanding.settled(LIMIT).then((value) => {
    result = value;
  });
  return () => result;
}

const turn = () => vi.advanceTimersByTimeAsync(0);

it('has nothing to wait for at first', async () => {
  const settled = watch();
  await turn();
  expect(settled()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it('waits for frames, subscriptions and proofs, all of them', async () => {
  outstanding.frames = 2;
  outstanding.subscriptions = 1;
  unproven.add(1, new Settlements().delivery('a'));
  const settled = watch();
  const steps = [
    () => outstanding.frames--,
    () => outstanding.subscriptions--,
    () => unproven.prove(1),
    () => outstanding.frames--,
  ];
  for (const step of steps) {
    outstanding.check();
    await turn();
    expect(settled()).toBeUndefined();
    step();
  }
  outstanding.check();
  await turn();
  expect(settled()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

it('tells everybody who waits', async () => {
  outstanding.frames = 1;
  const all = [watch(), watch()];
  outstanding.frames = 0;
  outstanding.check();
  outstanding.check();
  await turn();
  expect(all.map((settled) => settled())).toEqual([true, true]);
});

it('waits no longer than the limit, and says whether a frame is unanswered', async () => {
  outstanding.frames = 1;
  const settled = watch();
  await vi.advanceTimersByTimeAsync(LIMIT - 1);
  expect(settled()).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  expect(settled()).toBe(false);
  // What comes after that reaches nobody, and does no harm.
  outstanding.frames = 0;
  outstanding.check();
});

it('does not count a proof that never came as a frame that the broker did not confirm', async () => {
  unproven.add(1, new Settlements().delivery('a'));
  const settled = watch();
  await vi.advanceTimersByTimeAsync(LIMIT);
  expect(settled()).toBe(true);
});

it('gives up at once when nothing more will come', async () => {
  outstanding.frames = 1;
  const settled = watch();
  outstanding.giveUp();
  outstanding.giveUp();
  await turn();
  expect(settled()).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
