import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SHORT } from '../../../fuzz/options.js';
import type { Outcome } from '../../../fuzz/report.js';
import { runProgram } from '../support/program.js';

const folder = mkdtempSync(join(tmpdir(), 'relay-test-fuzz-'));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('hostile clients crash, block and reach nothing, and nobody else notices', async ({ signal }) => {
  const json = join(folder, 'figures.json');
  // The codec part has a unit test of its own.
  const args = ['--short', '--codec', '0', '--seed', '7', '--json', json];
  const { code, output } = await runProgram('fuzz/main.js', args, signal);
  expect(existsSync(json), output).toBe(true);
  const { live, failures } = JSON.parse(readFileSync(json, 'utf8')) as Outcome & { failures: string[] };
  expect(failures, output).toEqual([]);
  expect(code, output).toBe(0);
  // That all of it took place: otherwise nothing was proved.
  expect(live?.frames).toBeGreaterThanOrEqual(SHORT.live);
  expect(live?.hostile).toBeGreaterThan(SHORT.live / 10);
  expect(live?.bystander.received).toBeGreaterThan(50);
  expect(live?.errors.ERR_FORBIDDEN).toBeGreaterThan(0);
  for (const where of ['relay.user', 'relay.app', 'amq.topic', 'fuzz.exchange', 'the queue']) {
    expect(live?.audited[where], where).toBeGreaterThan(0);
  }
  expect(live?.received.MESSAGE).toBeGreaterThan(0);
}, 180_000);
