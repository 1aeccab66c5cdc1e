import type { Check } from '../check.js';
import { type Finding, found } from '../finding.js';

const OFF_MS = 5000;
const WRONG_MS = 60_000;

export const clock: Check = {
  name: 'clock',
  about: 'the clock of the broker',
  async *run({ management }) {
    yield* judgeClock('the broker', await management.skew());
  },
};

/** @param ahead milliseconds by which a clock is ahead of the one here; undefined when that is not known */
export function judgeClock(whose: string, ahead = 0): Finding[] {
  const off = Math.abs(ahead);
  if (off <= OFF_MS) return [];
  return [
    found(
      off > WRONG_MS ? 'DOC_CLOCK_WRONG' : 'DOC_CLOCK_OFF',
      `the clock of ${whose} is ${Math.round(off / 1000)} s ${ahead > 0 ? 'ahead of' : 'behind'} the one here`,
      'timedatectl set-ntp true, on both machines',
    ),
  ];
}
