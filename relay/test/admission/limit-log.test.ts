import { pino } from 'pino';
import { expect, it } from 'vitest';
import { LimitLog } from '../../src/admission/limit-log.js';

it('names each limit at once, and then once a minute with how often it was met', () => {
  const lines: { limit: string; times: number }[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) });
  let now = 0;
  const limits = new LimitLog(log, () => now);
  const told = () => lines.splice(0).map(({ limit, times }) => [limit, times]);

  for (let time = 0; time < 5; time++) limits.note('RELAY_MAX_CONNECTIONS');
  limits.note('RELAY_HTTP_RATE');
  expect(told()).toEqual([
    ['RELAY_MAX_CONNECTIONS', 1],
    ['RELAY_HTTP_RATE', 1],
  ]);
  now += 59_999;
  limits.note('RELAY_MAX_CONNECTIONS');
  expect(told()).toEqual([]);
  now += 1;
  limits.note('RELAY_MAX_CONNECTIONS');
  expect(told()).toEqual([['RELAY_MAX_CONNECTIONS', 6]]);
});
