/** How much every measurement does. Times in seconds; `windows` in messages under way. */
export interface Sizes {
  bodyBytes: number;
  /** Time for the broker to come to rest after clients have left. */
  restSeconds: number;
  fanout: { clients: number } & SaturatedSizes;
  unicast: { users: number } & SaturatedSizes;
  latency: { users: number; rate: number; seconds: number; warmUpSeconds: number; rounds: number };
  connect: { clients: number; concurrency: number; rounds: number };
  /** Beyond `base` as many as `clients` connect to the relay, and `direct` to the broker, to which each costs so much more. */
  memory: { base: number; clients: number; direct: number; settleSeconds: number; rounds: number };
  /** `few` users with much mail each, `many` with little; `concurrency` users pull at a time. */
  unread: { few: Offline; many: Offline; concurrency: number; rounds: number };
  hostile: HostileSizes;
  /** Clients of a relay that is killed and started again. */
  storm: { clients: number };
  codec: { rounds: number };
}

export interface HostileSizes {
  /** Clients that say nothing, and those that subscribe and read nothing. */
  silent: number;
  deaf: number;
  /** Clients that behave: subscribers of the topic that the deaf ones have too, and users with messages of their own. */
  subscribers: number;
  users: number;
  /** Messages per second to the topic, and to all users together. */
  topicRate: number;
  userRate: number;
  bodyBytes: number;
  /** A figure is taken of every slice. */
  sliceSeconds: number;
  /** Slices before and after, and under attack. */
  peace: number;
  attack: number;
}

interface Offline {
  users: number;
  /** Messages for each of them. */
  each: number;
}

export interface SaturatedSizes {
  rounds: number;
  seconds: number;
  /** The windows that each side tries, for `trialSeconds` each. */
  windows: number[];
  trialSeconds: number;
}

export const FULL: Sizes = {
  bodyBytes: 256,
  restSeconds: 0.5,
  fanout: { clients: 1000, rounds: 3, seconds: 5, windows: [8, 32, 128], trialSeconds: 2 },
  unicast: { users: 3000, rounds: 3, seconds: 5, windows: [500, 2000, 8000], trialSeconds: 2 },
  latency: { users: 100, rate: 1000, seconds: 8, warmUpSeconds: 1, rounds: 3 },
  connect: { clients: 3000, concurrency: 64, rounds: 3 },
  memory: { base: 250, clients: 9750, direct: 1750, settleSeconds: 30, rounds: 2 },
  unread: { few: { users: 100, each: 500 }, many: { users: 10_000, each: 5 }, concurrency: 16, rounds: 1 },
  hostile: {
    ...{ silent: 2000, deaf: 200, subscribers: 200, users: 200, topicRate: 200, userRate: 200 },
    ...{ bodyBytes: 1024, sliceSeconds: 4, peace: 5, attack: 20 },
  },
  storm: { clients: 5000 },
  codec: { rounds: 3 },
};

export const QUICK: Sizes = {
  bodyBytes: 256,
  restSeconds: 0.2,
  fanout: { clients: 300, rounds: 2, seconds: 0.7, windows: [64], trialSeconds: 0.4 },
  unicast: { users: 500, rounds: 2, seconds: 0.7, windows: [2000], trialSeconds: 0.4 },
  latency: { users: 100, rate: 1000, seconds: 2, warmUpSeconds: 0.5, rounds: 1 },
  connect: { clients: 500, concurrency: 64, rounds: 1 },
  memory: { base: 100, clients: 500, direct: 500, settleSeconds: 2, rounds: 1 },
  unread: { few: { users: 20, each: 200 }, many: { users: 200, each: 5 }, concurrency: 8, rounds: 1 },
  hostile: {
    ...{ silent: 300, deaf: 30, subscribers: 50, users: 50, topicRate: 100, userRate: 100 },
    ...{ bodyBytes: 1024, sliceSeconds: 1, peace: 2, attack: 3 },
  },
  storm: { clients: 500 },
  codec: { rounds: 1 },
};

/** Most connections of clients at a time. */
export function mostConnections(sizes: Sizes): number {
  const { fanout, unicast, connect, memory, hostile, storm } = sizes;
  return Math.max(
    ...[fanout.clients, unicast.users, connect.clients, memory.base + memory.clients, storm.clients],
    hostile.silent + hostile.deaf + hostile.subscribers + hostile.users,
  );
}

/**
 * Makes the sizes fit the number of files that a process may open: every client is one in the generator and
 * one in the server.
 */
export function fitTo(sizes: Sizes, openFiles: number): Sizes {
  const most = Math.max(50, openFiles - 200);
  const fit = (count: number) => Math.min(count, most);
  const base = Math.min(sizes.memory.base, Math.floor(most / 4));
  const others = sizes.hostile.deaf + sizes.hostile.subscribers + sizes.hostile.users;
  return {
    ...sizes,
    fanout: { ...sizes.fanout, clients: fit(sizes.fanout.clients) },
    unicast: { ...sizes.unicast, users: fit(sizes.unicast.users) },
    connect: { ...sizes.connect, clients: fit(sizes.connect.clients) },
    storm: { clients: fit(sizes.storm.clients) },
    memory: {
      ...sizes.memory,
      base,
      clients: Math.min(sizes.memory.clients, most - base),
      direct: Math.min(sizes.memory.direct, most - base),
    },
    hostile: { ...sizes.hostile, silent: Math.max(0, Math.min(sizes.hostile.silent, most - others)) },
  };
}
