import { expect, it } from 'vitest';
import { slotOf } from '../../src/workers/slot.js';

const sessions = Array.from({ length: 1000 }, (_, index) => ({ server: '000', session: `session-${index}` }));

it('is one of the workers, the same each time, and as often one as another', () => {
  for (const workers of [1, 2, 3, 7]) {
    const counts = new Array<number>(workers).fill(0);
    for (const session of sessions) {
      const slot = slotOf(session, workers);
      expect(slotOf({ ...session }, workers)).toBe(slot);
      counts[slot] = (counts[slot] ?? Number.NaN) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000 / workers)).toBeLessThan(60);
  }
});

it('depends on both parts of the address', () => {
  const of = (server: string) => sessions.map(({ session }) => slotOf({ server, session }, 2)).join('');
  expect(of('000')).not.toBe(of('001'));
});
