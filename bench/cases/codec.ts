import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Context } from '../context.js';
import type { Row } from '../rows.js';
import { summarize } from '../statistics.js';

const GOAL = 500_000;
const FILE = fileURLToPath(new URL('../codec.js', import.meta.url));

/** Decode and encode of a MESSAGE with 8 headers and 256 bytes, on one core, in a process of its own. */
export async function codec(context: Pick<Context, 'sizes' | 'log'>): Promise<Row[]> {
  const rates: number[] = [];
  for (let round = 0; round < context.sizes.codec.rounds; round++) {
    const { stdout } = await promisify(execFile)(process.execPath, [FILE], { timeout: 60_000 });
    const line = stdout.trim().split('\n').at(-1) ?? '';
    const { decodeEncodePerSecond } = JSON.parse(line) as { decodeEncodePerSecond: number };
    rates.push(decodeEncodePerSecond);
    context.log(`codec: ${Math.round(decodeEncodePerSecond).toLocaleString('en-US')} decode+encode/s`);
  }
  const relay = summarize(rates);
  const head = { id: 'codec', label: 'codec, 256 B and 8 headers', unit: 'decode+encode/s', digits: 0 };
  return [{ ...head, relay, goal: '≥ 500,000/s', met: relay.median >= GOAL }];
}
