import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Unproven } from '../../src/session/unproven.js';
import { Settlements } from './rig.js';

type Step = { kind: 'add'; gap: number } | { kind: 'prove'; upTo: number } | { kind: 'releaseAll' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ kind: fc.constant('add' as const), gap: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('prove' as const), upTo: fc.nat(60) }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'releaseAll' as const }) },
  ),
  { maxLength: 80 },
);

it('does what a plain list does', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const unproven = new Unproven();
      const settlements = new Settlements();
      const acked: string[] = [];
      const refused: string[] = [];
      let model: { mark: number; token: string }[] = [];
      let mark = 0;
      let tokens = 0;
      for (const step of script) {
        if (step.kind === 'add') {
          // Frames that are no deliveries lie between; two never have the same mark.
          mark += 1 + step.gap;
          const token = String(++tokens);
          unproven.add(mark, settlements.delivery(token));
          model.push({ mark, token });
        } else if (step.kind === 'prove') {
          unproven.prove(step.upTo);
          acked.push(...model.filter((one) => one.mark <= step.upTo).map(({ token }) => token));
          model = model.filter((one) => one.mark > step.upTo);
        } else {
          unproven.releaseAll();
          refused.push(...model.map(({ token }) => token));
          model = [];
        }
        expect(unproven.size).toBe(model.length);
      }
      expect(settlements.acked).toEqual(acked);
      expect(settlements.refused).toEqual(refused);
    }),
  );
});

it('keeps its place in a long backlog that is proved bit by bit', () => {
  const unproven = new Unproven();
  const settlements = new Settlements();
  for (let mark = 1; mark <= 5000; mark++) unproven.add(mark, settlements.delivery(String(mark)));
  for (let count = 1; count <= 4999; count += 7) unproven.prove(count);
  expect(settlements.acked).toEqual(
    Array.from({ length: settlements.acked.length }, (_, i) => String(i + 1)),
  );
  expect(settlements.acked.length + unproven.size).toBe(5000);
  unproven.releaseAll();
  expect(settlements.acked.length + settlements.refused.length).toBe(5000);
});
