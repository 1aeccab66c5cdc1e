import type { Route } from './route.js';

/** Looks after which what was held at the first of them counts as stuck; with four looks a second, two seconds. */
const PATIENCE = 8;

/** Users that hold no more than this part of all are let be: there would have to be a hundred of them. */
const LEAST_PART = 100;

interface Seen {
  readonly held: number;
  readonly settled: number;
}

/**
 * All users of a relay share what the broker lets be on its way. Where more than half of it is held for long, those who hold
 * most of it are made to give it back: else a few clients that do not read would stop everybody's mail for as long as
 * RELAY_CONFIRM_TIMEOUT or RELAY_ACK_TIMEOUT gives them.
 *
 * Looks are counted, and not the time: after a second in which this process stood still, everybody seems to be late.
 */
export class Relief {
  private looks = 0;
  private seen = new Map<Route, Seen>();

  /**
   * Called a few times a second.
   * @param prefetch what the broker lets be on its way
   * @param held how much of it is
   */
  look(routes: Iterable<Route>, prefetch: number, held: () => number): void {
    const enough = Math.floor(prefetch / 2);
    if (held() <= enough) {
      this.looks = 0;
      this.seen = new Map();
      return;
    }
    if (this.looks > 0 && ++this.looks <= PATIENCE) return;
    if (this.looks > PATIENCE) {
      for (const { routes: stuck } of this.heaviest(prefetch / LEAST_PART)) {
        if (held() <= enough) break;
        for (const route of stuck) for (const taker of route.takers.slice()) taker.yield();
      }
    }
    this.looks = 1;
    this.seen = new Map();
    for (const route of routes) {
      if (route.held > 0) this.seen.set(route, { held: route.held, settled: route.settled });
    }
  }

  /** Users by how much of what they held at the first look they still hold, most first. */
  private heaviest(least: number): { stuck: number; routes: Route[] }[] {
    const users = new Map<string, { stuck: number; routes: Route[] }>();
    for (const [route, { held, settled }] of this.seen) {
      const stuck = held - (route.settled - settled);
      if (stuck <= 0) continue;
      // A user's word has no dot in it.
      const user = route.key.slice(0, route.key.indexOf('.'));
      const account = users.get(user) ?? { stuck: 0, routes: [] };
      account.stuck += stuck;
      account.routes.push(route);
      users.set(user, account);
    }
    return [...users.values()].filter(({ stuck }) => stuck >= least).sort((a, b) => b.stuck - a.stuck);
  }
}
