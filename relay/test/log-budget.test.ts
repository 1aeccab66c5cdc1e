import { pino } from 'pino';
import { expect, it } from 'vitest';
import { DenialLog } from '../src/denial-log.js';
import { LogBudget } from '../src/log-budget.js';

interface Line {
  msg: string;
  leftOut?: number;
  destination?: string;
}

function logger() {
  const lines: Line[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  return { lines, log };
}

it('lets one user write so much, all together so much, and says once a minute what is missing', () => {
  const { lines, log } = logger();
  let now = 0;
  let leftOut = 0;
  const budget = new LogBudget(log, {
    about: 'sessions',
    each: { burst: 2, rate: 0.001 },
    all: { burst: 5, rate: 0.001 },
    onLeftOut: () => leftOut++,
    clock: () => now,
  });
  const passed = (key: string) => Array.from({ length: 4 }, () => budget.passes(key));
  expect(passed('alice')).toEqual([true, true, false, false]);
  // Another one is not hurt by it.
  expect(passed('bob')).toEqual([true, true, false, false]);
  // Whoever makes up names gets no further than everybody together may.
  const made = Array.from({ length: 100 }, (_, i) => budget.passes(`somebody ${i}`));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(leftOut).toBe(103);
  expect(lines.map((line) => line.leftOut)).toEqual([1]);
  now += 60_001;
  budget.passes('alice');
  expect(lines.map((line) => line.leftOut)).toEqual([1, 103]);
});

it('keeps a flood of refusals from filling the log, and long or secret destinations out of it', () => {
  const { lines, log } = logger();
  let leftOut = 0;
  const denials = new DenialLog(log, () => leftOut++);
  for (let i = 0; i < 5000; i++) {
    const destination = `/topic/eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl/${'x'.repeat(500)}${i}`;
    denials.note({ reason: 'ERR_FORBIDDEN', message: 'no', user: 'mallory', action: 'send', destination });
  }
  expect(lines.length).toBeLessThan(30);
  expect(lines.length + leftOut).toBeGreaterThanOrEqual(5000);
  expect(lines[0]).toMatchObject({ reason: 'ERR_FORBIDDEN', user: 'mallory', action: 'send' });
  expect(lines[0]?.destination?.length).toBeLessThan(130);
  expect(JSON.stringify(lines)).not.toContain('c2lnbmF0dXJl');
});
