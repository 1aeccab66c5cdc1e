import type { Period } from './blind.js';
import type { Fault } from './faults.js';
import { type PublishLog, type Received, ROUTES, type Route } from './load/protocol.js';

/** A confirmed message that no handler ever saw. Times are milliseconds since the epoch. */
export interface LostMessage {
  number: number;
  user: number;
  publishedAt: number;
  confirmedAt: number;
  attempts: number;
}

/** The result: what was published, and what came of it. Shares are of `published`. */
export interface Figures {
  /** Messages that the broker confirmed. */
  published: number;
  /** Times that the publisher had to publish one again. */
  repeated: number;
  /** How often a handler was given a message, by the way that it came. */
  received: Record<Route, number>;
  /** Deliveries beyond the first of each message. */
  duplicates: number;
  duplicateShare: number;
  /** Of the duplicates, those that the publisher may have made itself by publishing again what had arrived. */
  publishersOwn: number;
  /** Duplicates by the routes of the copies, such as `live+pulled`. */
  duplicatesByRoute: Record<string, number>;
  lost: LostMessage[];
}

/** Keeps the books: every time that a message came to a handler. */
export class Ledger {
  private readonly counts: Record<Route, Map<number, number>> = {
    live: new Map(),
    replayed: new Map(),
    pulled: new Map(),
  };
  readonly received: Record<Route, number> = { live: 0, replayed: 0, pulled: 0 };

  add(received: Received): void {
    for (const route of ROUTES) {
      const counts = this.counts[route];
      for (const number of received[route]) counts.set(number, (counts.get(number) ?? 0) + 1);
      this.received[route] += received[route].length;
    }
  }

  /** Messages that are confirmed and were seen by nobody so far. */
  missing({ confirmedAt }: PublishLog): number[] {
    const missing: number[] = [];
    for (let number = 0; number < confirmedAt.length; number++) {
      if (confirmedAt[number] !== 0 && this.times(number) === 0) missing.push(number);
    }
    return missing;
  }

  settle(log: PublishLog): Figures {
    const figures: Figures = {
      published: 0,
      repeated: 0,
      received: { ...this.received },
      duplicates: 0,
      duplicateShare: 0,
      publishersOwn: 0,
      duplicatesByRoute: {},
      lost: this.missing(log).map((number) => describe(number, log)),
    };
    for (let number = 0; number < log.confirmedAt.length; number++) {
      if (log.confirmedAt[number] !== 0) figures.published++;
      const repeated = (log.attempts[number] ?? 1) - 1;
      const extra = this.times(number) - 1;
      figures.repeated += repeated;
      if (extra <= 0) continue;
      figures.duplicates += extra;
      figures.publishersOwn += Math.min(extra, repeated);
      const routes = ROUTES.flatMap((route) =>
        Array<Route>(this.counts[route].get(number) ?? 0).fill(route),
      ).join('+');
      figures.duplicatesByRoute[routes] = (figures.duplicatesByRoute[routes] ?? 0) + extra;
    }
    figures.duplicateShare = figures.duplicates / Math.max(1, figures.published);
    return figures;
  }

  /** For each fault, the duplicates among the messages that were published nearest to it: where to look for the cause. */
  duplicatesNear(faults: readonly Fault[], log: PublishLog): number[] {
    const near = faults.map(() => 0);
    for (let number = 0; number < log.publishedAt.length; number++) {
      const extra = this.times(number) - 1;
      if (extra <= 0) continue;
      const fault = nearest(faults, log.publishedAt[number] ?? 0);
      if (fault >= 0) near[fault] = (near[fault] ?? 0) + extra;
    }
    return near;
  }

  /** Duplicates among the messages that were on their way to the broker in one of these times. */
  duplicatesIn(periods: readonly Period[], log: PublishLog): number {
    let sum = 0;
    for (let number = 0; number < log.publishedAt.length; number++) {
      const [published, confirmed] = [log.publishedAt[number] ?? 0, log.confirmedAt[number] ?? 0];
      const within = periods.some(({ from, until }) => published <= until && confirmed >= from);
      if (within) sum += Math.max(0, this.times(number) - 1);
    }
    return sum;
  }

  private times(number: number): number {
    return ROUTES.reduce((sum, route) => sum + (this.counts[route].get(number) ?? 0), 0);
  }
}

/** Index of the fault whose time is closest to `at`; -1 without faults. */
function nearest(faults: readonly Fault[], at: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, { from, until }] of faults.entries()) {
    const distance = at < from ? from - at : Math.max(0, at - until);
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

function describe(number: number, log: PublishLog): LostMessage {
  return {
    number,
    user: log.user[number] ?? -1,
    publishedAt: log.publishedAt[number] ?? 0,
    confirmedAt: log.confirmedAt[number] ?? 0,
    attempts: log.attempts[number] ?? 0,
  };
}
