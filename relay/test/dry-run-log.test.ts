import { pino } from 'pino';
import { Counter, Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { dryRunLog } from '../src/dry-run-log.js';
import type { LetThrough } from '../src/policy/permit.js';

const ONE: LetThrough = { user: 'alice', action: 'send', destination: '/topic/a', line: 7 };

function logged() {
  const lines: Record<string, unknown>[] = [];
  const registry = new Registry();
  const dryRunDenials = new Counter({
    name: 'denials',
    help: 'counted',
    labelNames: ['action'],
    registers: [registry],
  });
  const clock = { now: 0 };
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const tell = dryRunLog(
    log,
    () => ({ dryRunDenials }),
    () => clock.now,
  );
  return { lines, registry, clock, tell };
}

it('logs each user, action and destination once a minute, and counts all', async () => {
  const { lines, registry, clock, tell } = logged();
  for (const what of [
    ONE,
    ONE,
    { ...ONE, user: 'bob' },
    { ...ONE, action: 'subscribe', line: undefined } as const,
  ]) {
    tell(what);
  }
  expect(lines.map(({ user, action, destination, line }) => [user, action, destination, line])).toEqual([
    ['alice', 'send', '/topic/a', 7],
    ['bob', 'send', '/topic/a', 7],
    ['alice', 'subscribe', '/topic/a', null],
  ]);
  clock.now = 60_000;
  tell(ONE);
  expect(lines).toHaveLength(4);
  const text = await registry.metrics();
  expect(text).toContain('denials{action="send"} 4');
  expect(text).toContain('denials{action="subscribe"} 1');
});

it('does not drown when a client makes up destinations', () => {
  const { lines, tell } = logged();
  for (let i = 0; i < 6000; i++) tell({ ...ONE, destination: `/topic/${i}` });
  expect(lines).toHaveLength(5000);
});
