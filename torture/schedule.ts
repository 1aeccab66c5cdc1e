import type { Random } from './random.js';

/**
 * - `broker`, `relay`: killed with -9 and started again
 * - `freeze`: a process full of clients is stopped past the relay's patience
 * - `clients`: some clients' sockets are destroyed without a close
 * - `links`: connections between one relay and the broker are cut, and sometimes kept down for a while
 */
export const FAULT_KINDS = ['broker', 'relay', 'freeze', 'clients', 'links'] as const;
/** And what is no fault but is to be survived: a relay gets SIGTERM, and is started again when it has let its clients go. */
export const ALL_KINDS = [...FAULT_KINDS, 'roll'] as const;
export type FaultKind = (typeof ALL_KINDS)[number];

/** One fault to come; `at` is seconds since publishing began. */
export interface PlannedFault {
  at: number;
  kind: FaultKind;
}

/** The share of all faults that each kind has at least. The rest is cheap to recover from and fills what is left. */
const LEAST: Record<(typeof FAULT_KINDS)[number], number> = {
  broker: 0.13,
  relay: 0.18,
  freeze: 0.13,
  clients: 0.1,
  links: 0.1,
};

/** Nothing happens in the first and the last part of the run, so that there is a before and an after. */
const QUIET_SHARE = 0.06;

/**
 * Spreads `count` faults over `seconds`, every kind among them as soon as there are as many faults as kinds. Each
 * falls anywhere in its share of the time, so that some meet.
 * @param only these kinds, by chance, and no others
 */
export function planFaults(
  count: number,
  seconds: number,
  random: Random,
  only?: readonly FaultKind[],
): PlannedFault[] {
  const kinds: FaultKind[] = only
    ? Array.from({ length: count }, () => random.pick(only))
    : FAULT_KINDS.flatMap((kind) =>
        Array.from({ length: Math.max(1, Math.ceil(LEAST[kind] * count)) }, () => kind),
      );
  while (kinds.length < count) kinds.push(random.pick(['clients', 'links', 'relay']));
  const step = (seconds * (1 - 2 * QUIET_SHARE)) / Math.max(1, count);
  return random
    .shuffled(kinds)
    .slice(0, count)
    .map((kind, index) => ({ kind, at: seconds * QUIET_SHARE + step * (index + random.next()) }));
}
