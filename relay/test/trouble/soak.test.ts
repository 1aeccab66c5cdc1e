import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Insides, inspectorUrl, lookInside } from '../../../soak/inspector.js';
import { changes, type Look } from '../../../soak/look.js';
import { readOptions } from '../../../soak/options.js';
import { failures } from '../../../soak/report.js';
import type { Outcome } from '../../../soak/run.js';
import { grows, secondHalf, slope } from '../../../soak/slope.js';
import { waitFor } from '../support/wait.js';

const MIB = 2 ** 20;

function lookAt(seconds: number, heapBytes = 20 * MIB, counts: Look['counts'] = {}): Look {
  const relay = { heapBytes, externalBytes: 2 * MIB, residentBytes: 80 * MIB };
  return { seconds, counts, relays: [relay], brokerBytes: 100 * MIB };
}

/** A run of half an hour in which all is well, but for `part`. */
function outcome(part: Partial<Outcome> = {}): Outcome {
  const samples = Array.from({ length: 180 }, (_, i) => lookAt(i * 10, 30 * MIB + (i % 7) * 50_000));
  const received = { live: 10, replayed: 0, pulled: 0 };
  return {
    figures: {
      ...{ published: 10, repeated: 0, received, duplicates: 0, duplicateShare: 0, publishersOwn: 0 },
      ...{ duplicatesByRoute: {}, lost: [] },
    },
    ...{ unconfirmed: 0, left: 0, foreign: [], topics: { published: 10, answered: 1 }, changes: [], samples },
    tally: { visits: 100, troubles: {}, done: {}, topicMessages: 10, topicGaps: 0 },
    ...{ before: lookAt(0), after: lookAt(1800), troubles: [], warnings: {} },
    ...part,
  };
}

const found = (part: Partial<Outcome>) => failures(outcome(part), readOptions([]));

describe('a slope', () => {
  it('is that of the line through the samples, per minute', () => {
    const points = [0, 10, 20, 30].map((seconds) => ({ seconds, value: 5 + seconds * 2 }));
    expect(slope(points).perMinute).toBeCloseTo(120);
    expect(slope(points).error).toBeCloseTo(0);
  });

  it('is only sure where the samples waver little', () => {
    const wavering = Array.from({ length: 20 }, (_, i) => ({ seconds: i, value: i + (i % 2) * 500 }));
    expect(grows(slope(wavering), 10)).toBe(false);
    const steady = Array.from({ length: 20 }, (_, i) => ({ seconds: i, value: i + (i % 2) }));
    expect(grows(slope(steady), 10)).toBe(true);
    expect(grows(slope(steady), 70)).toBe(false);
  });

  it('says nothing of too few samples', () => {
    expect(grows(slope([]), 0)).toBe(false);
    expect(grows(slope([lookAt(1), lookAt(2)].map(({ seconds }) => ({ seconds, value: seconds }))), 0)).toBe(
      false,
    );
  });

  it('is taken of the second half of the time', () => {
    expect(secondHalf([0, 1, 2, 9, 10].map((seconds) => ({ seconds })))).toEqual([
      { seconds: 9 },
      { seconds: 10 },
    ]);
  });
});

describe('before and after', () => {
  const before = lookAt(0, 0, { 'broker: queues': 9, 'broker: channels': 50, 'relay 0: open files': 30 });
  const after = (counts: Look['counts']) => changes(before, lookAt(1, 0, { ...before.counts, ...counts }));

  it('must be alike', () => {
    expect(after({})).toEqual([]);
    expect(after({ 'broker: queues': 10 })).toEqual(['broker: queues 9 → 10']);
    expect(after({ 'broker: queues': 8 })).toEqual(['broker: queues 9 → 8']);
    expect(after({ 'relay 0: relay_sessions': 1 })).toEqual(['relay 0: relay_sessions 0 → 1']);
  });

  it('may have fewer files, and some channels more or less', () => {
    expect(after({ 'relay 0: open files': 29, 'broker: channels': 62 })).toEqual([]);
    expect(after({ 'relay 0: open files': 31 })).toEqual(['relay 0: open files 30 → 31']);
    expect(after({ 'broker: channels': 63 })).toEqual(['broker: channels 50 → 63']);
  });
});

describe('the verdict', () => {
  it('is good when nothing was lost or left', () => {
    expect(found({})).toEqual([]);
  });

  it('names a heap that grows, and by how much', () => {
    const samples = Array.from({ length: 180 }, (_, i) => lookAt(i * 10, 30 * MIB + i * 20_000));
    expect(found({ samples })).toEqual(['relay 0, heap grows by 117 ± 0; at most 64 KiB may be']);
    expect(failures(outcome({ samples }), readOptions(['--heap-slope', '120']))).toEqual([]);
  });

  it('names what is left of it', () => {
    expect(found({ after: lookAt(1800, 29 * MIB) })).toEqual([
      'relay 0, heap holds 9,216 KiB more than before',
    ]);
    expect(found({ changes: ['broker: queues 9 → 10'] })).toEqual(['not as it was: broker: queues 9 → 10']);
  });

  it('names what was lost', () => {
    const lost = [{ number: 4, user: 7, publishedAt: 1, confirmedAt: 2, attempts: 1 }];
    expect(found({ figures: { ...outcome().figures, lost } })).toEqual([
      '1 confirmed messages were lost: message 4 of user 7',
    ]);
    expect(found({ left: 3 })).toEqual([
      'the broker still held 3 messages in the end: what seems lost may be among them',
    ]);
    expect(found({ tally: { ...outcome().tally, topicGaps: 2 } })).toEqual([
      'subscribers of topics missed 2 messages',
    ]);
  });

  it('takes some visits that were cut short, but not many', () => {
    const tally = (closed: number) => ({ ...outcome().tally, troubles: { closed } });
    expect(found({ tally: tally(5) })).toEqual([]);
    expect(found({ tally: tally(20) })).toEqual(['20 visits were cut short: closed 20']);
  });
});

it('looks into a process, right after a garbage collection', async () => {
  const script =
    'globalThis.kept = Buffer.alloc(5e6); setInterval(() => {}, 1000); setInterval(() => {}, 1000);';
  const child = spawn(process.execPath, ['--inspect=127.0.0.1:0', '-e', script]);
  try {
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk;
    });
    const url = await waitFor(() => inspectorUrl(output), { what: 'the inspector' });
    // The script itself may begin a moment after the inspector.
    const inside = await waitFor<Insides | false>(
      async () => {
        const now = await lookInside(url);
        return now.externalBytes > 5e6 && now;
      },
      { what: 'the buffer' },
    );
    expect(inside.resources.Timeout).toBe(2);
    expect(inside.heapBytes).toBeGreaterThan(MIB / 10);
  } finally {
    child.kill('SIGKILL');
  }
});

describe('options', () => {
  it('take a time in several forms', () => {
    expect(readOptions([])).toMatchObject({ seconds: 1800, clients: 1000, relays: 1 });
    expect(readOptions(['--minutes', '5']).seconds).toBe(300);
    expect(readOptions(['--duration', '90s']).seconds).toBe(90);
    expect(readOptions(['--duration', '8h']).seconds).toBe(28_800);
    expect(() => readOptions(['--duration', '5'])).toThrow('--duration takes a time such as 90s');
    expect(() => readOptions(['--duration', '25h'])).toThrow('up to 24h');
    expect(() => readOptions(['--minutes', '0'])).toThrow('--minutes takes a whole number from 1');
  });

  it('refuse more messages than the books have room for', () => {
    expect(() => readOptions(['--duration', '24h', '--rate', '1000'])).toThrow('lower --rate');
  });
});
