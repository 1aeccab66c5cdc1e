import type { Socket } from 'node:net';

/** How much a worker is wanted for new connections: only the best of those that are there get any. */
export const RANKS = { never: 0, leaving: 1, open: 2, ready: 3 } as const;

/** A worker, as far as connections are concerned. */
export interface Taker {
  /** One of `RANKS`. */
  readonly rank: number;
  /** It has not taken the last connection yet. */
  readonly busy: boolean;
  /** Open connections, as of the last that it took. */
  readonly load: number;
  give(socket: Socket): void;
}

/** Connections that wait for a worker, as many as wait for a program in the kernel. */
const WAITING_MOST = 511;

/**
 * Gives each connection to the worker that has the fewest: connections stay for hours, so that taking turns would leave a
 * worker that was replaced half empty for as long. One at a time for each, and not before the last was taken: a worker
 * that is busy, or hangs, keeps nobody else waiting. Only while every other one is full are busy ones waited for: a full one cuts
 * what it is given.
 */
export class Distributor {
  private readonly waiting: Socket[] = [];

  constructor(
    private readonly takers: () => readonly Taker[],
    /** Connections that a worker has room for: RELAY_MAX_CONNECTIONS. */
    private readonly room = Number.POSITIVE_INFINITY,
    private readonly most = WAITING_MOST,
  ) {}

  take(socket: Socket): void {
    if (this.waiting.length >= this.most) {
      socket.destroy();
      return;
    }
    // Until a worker has it, nobody else looks at it.
    socket.on('error', () => {});
    this.waiting.push(socket);
    this.pass();
  }

  /** To be called whenever a worker may take what it could not before. */
  pass(): void {
    for (;;) {
      const taker = this.waiting.length > 0 ? best(this.takers(), this.room) : undefined;
      const socket = taker && this.waiting.shift();
      if (!socket) return;
      taker.give(socket);
    }
  }

  /** Cuts what waits: nobody will take it. */
  drop(): void {
    for (const socket of this.waiting.splice(0)) socket.destroy();
  }
}

function best(takers: readonly Taker[], room: number): Taker | undefined {
  const rank = Math.max(...takers.map((taker) => taker.rank));
  if (rank <= RANKS.never) return undefined;
  const able = takers.filter((taker) => taker.rank === rank);
  const roomy = able.filter((taker) => taker.load < room);
  return (roomy.length > 0 ? roomy : able)
    .filter((taker) => !taker.busy)
    .reduce<Taker | undefined>(
      (least, taker) => (least && least.load <= taker.load ? least : taker),
      undefined,
    );
}
