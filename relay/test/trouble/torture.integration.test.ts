import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { Ledger } from '../../../torture/ledger.js';
import type { PublishLog, Received } from '../../../torture/load/protocol.js';
import { Random } from '../../../torture/random.js';
import type { Outcome } from '../../../torture/run.js';
import { FAULT_KINDS, planFaults } from '../../../torture/schedule.js';

// The processes of the run are forked, so it is the compiled one that runs; `npm test` builds it before.
const program = fileURLToPath(new URL('../../../dist/torture/main.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'relay-test-torture-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the program to its end and resolves with what it printed. */
function run(args: string[], signal: AbortSignal): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  // SIGTERM, because what the program has started is its own to end.
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

test('nothing is lost while broker and relays are killed, clients frozen and connections cut', async ({
  signal,
}) => {
  if (!existsSync(program)) throw new Error(`${program} is missing: run "npm run build" first`);
  const json = join(folder, 'figures.json');
  const { code, output } = await run(['--short', '--json', json], signal);
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
