import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Settlements } from '../session/rig.js';

it('is settled once: by the first that confirms, or by the last that lets go', () => {
  const steps = fc.integer({ min: 1, max: 6 }).chain((takers) =>
    fc.record({
      takers: fc.constant(takers),
      // Each taker confirms or releases once, some not at all; a confirmation may come twice.
      script: fc.array(fc.constantFrom<'confirm' | 'release'>('confirm', 'release'), { maxLength: takers }),
    }),
  );
  fc.assert(
    fc.property(steps, ({ takers, script }) => {
      const settlements = new Settlements();
      const delivery = settlements.delivery('t', takers);
      for (const step of script) delivery[step]();
      const confirmed = script.includes('confirm');
      const released = !confirmed && script.length === takers;
      expect(settlements.acked).toEqual(confirmed ? ['t'] : []);
      expect(settlements.refused).toEqual(released ? ['t'] : []);
    }),
  );
});
