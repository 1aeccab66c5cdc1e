import { type Body, type CrowdTally, messageNumber, type Received, ROUTES, type Route } from './protocol.js';

const MOST_SAMPLES = 20;

/** What one user's handler has seen within one connection; the order is looked at. */
export class Stream {
  highest = -1;
  readonly seen = new Set<number>();
}

/** Everything that the handlers of one process saw, until it is taken away to be counted. */
export class Inbox {
  readonly tally: CrowdTally = { closes: {}, disordered: 0, foreign: [], pullTroubles: {} };
  private readonly lists: Record<Route, number[]> = { live: [], replayed: [], pulled: [] };

  constructor(private readonly run: string) {}

  /** Called by a handler with a message as it came. `stream`: where the order is looked at. */
  receive(user: string, route: Route, id: string | undefined, body: string, stream?: Stream): void {
    const number = messageNumber(this.run, id);
    const content = readBody(body);
    if (number === undefined || content?.user !== user) {
      const { foreign } = this.tally;
      if (foreign.length < MOST_SAMPLES) foreign.push(`${user} got ${id} (${route}): ${body.slice(0, 100)}`);
      return;
    }
    this.lists[route].push(number);
    if (!stream || stream.seen.has(number)) return;
    stream.seen.add(number);
    // What had to be published again was overtaken before it reached the broker.
    if (content.attempt === 1 && content.sequence < stream.highest) this.tally.disordered++;
    stream.highest = Math.max(stream.highest, content.sequence);
  }

  /** What came since the last time; undefined when nothing did. */
  take(): Received | undefined {
    if (ROUTES.every((route) => this.lists[route].length === 0)) return undefined;
    const { live, replayed, pulled } = this.lists;
    for (const route of ROUTES) this.lists[route] = [];
    return {
      live: Uint32Array.from(live),
      replayed: Uint32Array.from(replayed),
      pulled: Uint32Array.from(pulled),
    };
  }
}

export function count(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1;
}

function readBody(text: string): Body | undefined {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined;
  }
}
