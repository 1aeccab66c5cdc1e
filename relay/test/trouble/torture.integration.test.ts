import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { blindPeriods } from '../../../torture/blind.js';
import { Ledger } from '../../../torture/ledger.js';
import type { PublishLog, Received } from '../../../torture/load/protocol.js';
import { Random } from '../../../torture/random.js';
import type { Outcome } from '../../../torture/run.js';
import { FAULT_KINDS, type FaultKind, planFaults } from '../../../torture/schedule.js';
import { runProgram } from '../support/program.js';

const folder = mkdtempSync(join(tmpdir(), 'relay-test-torture-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('nothing is lost while broker and relays are killed, clients frozen and connections cut', async ({
  signal,
}) => {
  const json = join(folder, 'figures.json');
  const { code, output } = await runProgram('torture/main.js', ['--short', '--json', json], signal);
  expect(existsSync(json), output).toBe(true);
  const { figures, faults, tally, failures } = JSON.parse(readFileSync(json, 'utf8')) as Outcome & {
    failures: string[];
  };
  expect(figures.lost, output).toEqual([]);
  expect(tally.foreign, output).toEqual([]);
  expect(failures, output).toEqual([]);
  expect(code, output).toBe(0);
  // That all of it took place: otherwise nothing was proved.
  expect(figures.published).toBeGreaterThanOrEqual(3000);
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  const { live, pulled, replayed } = figures.received;
  expect(live).toBeGreaterThan(0);
  expect(pulled + replayed, output).toBeGreaterThan(0);
  expect(live + pulled + replayed - figures.duplicates).toBe(figures.published);
}, 240_000);

function received(part: Partial<Record<keyof Received, number[]>>): Received {
  return {
    live: Uint32Array.from(part.live ?? []),
    replayed: Uint32Array.from(part.replayed ?? []),
    pulled: Uint32Array.from(part.pulled ?? []),
  };
}

/** `confirmed` and `attempts` of messages 0, 1, 2 … */
function publishLog(confirmed: boolean[], attempts: number[] = []): PublishLog {
  return {
    user: Uint32Array.from(confirmed, () => 7),
    publishedAt: Float64Array.from(confirmed, (_, number) => 1000 + number),
    confirmedAt: Float64Array.from(confirmed, (yes, number) => (yes ? 2000 + number : 0)),
    attempts: Uint8Array.from(confirmed, (_, number) => attempts[number] ?? 1),
  };
}

describe('the books of the run', () => {
  test('lost is what was confirmed and came to nobody', () => {
    const ledger = new Ledger();
    ledger.add(received({ live: [0], pulled: [2] }));
    const { lost, published } = ledger.settle(publishLog([true, true, true, false]));
    expect(lost).toEqual([{ number: 1, user: 7, publishedAt: 1001, confirmedAt: 2001, attempts: 1 }]);
    expect(published).toBe(3);
  });

  test('a duplicate is every delivery beyond the first, whichever way it came', () => {
    const ledger = new Ledger();
    ledger.add(received({ live: [0, 1, 1] }));
    ledger.add(received({ pulled: [0, 0], replayed: [2] }));
    const figures = ledger.settle(publishLog([true, true, true, true]));
    expect(figures.duplicates).toBe(3);
    expect(figures.duplicateShare).toBe(0.75);
    expect(figures.duplicatesByRoute).toEqual({ 'live+pulled+pulled': 2, 'live+live': 1 });
    expect(figures.received).toEqual({ live: 3, replayed: 1, pulled: 2 });
  });

  test('what the publisher repeated is told apart, as far as it can be the cause', () => {
    const ledger = new Ledger();
    ledger.add(received({ live: [0, 0, 0, 1, 1, 2] }));
    const figures = ledger.settle(publishLog([true, true, true], [2, 1, 3]));
    expect(figures).toMatchObject({ duplicates: 3, publishersOwn: 1, repeated: 3 });
  });
});

describe('what may come twice', () => {
  const fault = (kind: FaultKind, from: number, until: number) => ({ kind, from, until });

  test('is what was on its way while a relay was dead that could have been on its way back', () => {
    const during = [fault('broker', 10_000, 15_000), fault('relay', 12_000, 14_000)];
    expect(blindPeriods(during)).toEqual([{ from: 12_000, until: 22_000 }]);
    const after = [fault('links', 10_000, 10_000), fault('relay', 16_000, 18_000)];
    expect(blindPeriods(after)).toEqual([{ from: 16_000, until: 17_000 }]);
    const before = [fault('roll', 9000, 11_000), fault('broker', 10_000, 15_000)];
    expect(blindPeriods(before)).toEqual([{ from: 9000, until: 22_000 }]);
  });

  test('is nothing when the relay died at another time, or only clients were in trouble', () => {
    expect(blindPeriods([fault('broker', 10_000, 15_000), fault('relay', 22_000, 24_000)])).toEqual([]);
    expect(blindPeriods([fault('relay', 7000, 9000), fault('broker', 10_000, 15_000)])).toEqual([]);
    expect(blindPeriods([fault('freeze', 10_000, 15_000), fault('relay', 12_000, 14_000)])).toEqual([]);
  });

  test('is counted by when a message was on its way', () => {
    const ledger = new Ledger();
    ledger.add(received({ live: [0, 1, 2], pulled: [0, 0, 1, 2] }));
    // Published at 1000, 1001, 1002, and confirmed at 2000, 2001, 2002.
    const log = publishLog([true, true, true]);
    expect(ledger.duplicatesIn([{ from: 2001, until: 9000 }], log)).toBe(2);
    expect(ledger.duplicatesIn([{ from: 0, until: 1000 }], log)).toBe(2);
    expect(ledger.duplicatesIn([{ from: 0, until: 999 }], log)).toBe(0);
    expect(ledger.duplicatesIn([], log)).toBe(0);
  });
});

describe('the plan of the faults', () => {
  test('has every kind, in the asked number, within the time and in order', () => {
    for (const count of [5, 25, 60]) {
      const plan = planFaults(count, 300, new Random(count));
      expect(plan).toHaveLength(count);
      expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
      expect(plan.every(({ at }) => at > 0 && at < 300)).toBe(true);
      expect(plan.map(({ at }) => at)).toEqual(plan.map(({ at }) => at).sort((a, b) => a - b));
    }
  });

  test('has nothing but what was asked for', () => {
    const plan = planFaults(4, 300, new Random(1), ['roll']);
    expect(plan.map(({ kind }) => kind)).toEqual(['roll', 'roll', 'roll', 'roll']);
  });

  test('kills the broker three times and relays four times among 20, whatever the seed', () => {
    for (let seed = 0; seed < 200; seed++) {
      const kinds = planFaults(20, 300, new Random(seed)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'broker').length).toBeGreaterThanOrEqual(3);
      expect(kinds.filter((kind) => kind === 'relay').length).toBeGreaterThanOrEqual(4);
    }
  });

  test('is repeated by its seed and changed by another one', () => {
    const plan = (seed: number) => planFaults(25, 300, new Random(seed));
    expect(plan(1)).toEqual(plan(1));
    expect(plan(2)).not.toEqual(plan(1));
  });
});
