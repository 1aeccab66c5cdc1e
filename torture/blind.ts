import type { Fault } from './faults.js';

/** Milliseconds since the epoch. */
export interface Period {
  from: number;
  until: number;
}

/** How long relays may take to come back after an outage before they count as dead, and some to find out. */
const AFTER_OUTAGE_MS = 7000;
/** A relay that died this long before an outage was perhaps not buried yet. */
const UNBURIED_MS = 2000;

/**
 * When much may come twice by design: a relay was dead, and because the broker or a link had been away nobody could tell it
 * from one that was still on its way back. Until that is known its queue gets everything that its former users get elsewhere.
 */
export function blindPeriods(faults: readonly Pick<Fault, 'kind' | 'from' | 'until'>[]): Period[] {
  const outages = faults.filter(({ kind }) => kind === 'broker' || kind === 'links');
  // One that leaves while it cannot reach the broker leaves as much behind.
  const deaths = faults.filter(({ kind }) => kind === 'relay' || kind === 'roll');
  return deaths.flatMap(({ from }) =>
    outages
      .filter((outage) => from > outage.from - UNBURIED_MS && from < outage.until + AFTER_OUTAGE_MS)
      .map((outage) => ({ from, until: outage.until + AFTER_OUTAGE_MS })),
  );
}
