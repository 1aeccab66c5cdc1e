import { pino } from 'pino';
import { expect, it, vi } from 'vitest';
import { LogLevel } from '../src/log-level.js';

function levelOf(level: string) {
  const log = pino({ level }, { write() {} });
  return { log, logLevel: new LogLevel(log) };
}

it('goes from info over debug and trace to info', () => {
  const { log, logLevel } = levelOf('info');
  const seen = Array.from({ length: 4 }, () => {
    logLevel.next();
    return log.level;
  });
  expect(seen).toEqual(['debug', 'trace', 'info', 'debug']);
});

it('goes back to what was configured when the time is over, unless somebody has set it since', () => {
  vi.useFakeTimers();
  try {
    const { log, logLevel } = levelOf('error');
    logLevel.set('debug', 600);
    expect(log.level).toBe('debug');
    vi.advanceTimersByTime(599_000);
    expect(log.level).toBe('debug');
    vi.advanceTimersByTime(1000);
    expect(log.level).toBe('error');
    logLevel.set('trace', 10);
    logLevel.set('debug');
    vi.advanceTimersByTime(60_000);
    expect(log.level).toBe('debug');
  } finally {
    vi.useRealTimers();
  }
});
