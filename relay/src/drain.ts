/** A client's session, as far as leaving is concerned. */
export interface Movable {
  readonly isClosed: boolean;
  /** Whether its client takes its leave by itself. */
  readonly isLeaving: boolean;
  /** Hands its client nothing more that counts as delivered only once the client has it. */
  stopDeliveries(): void;
  /** Whether everything that was handed over, either way, is confirmed; asks for what can be asked for. */
  settle(): boolean;
  close(closure: 'goingAway'): void;
}

/** How a drain went. */
export interface Drained {
  /** Clients that were told to move. */
  readonly moved: number;
  /** Those of them that had not confirmed everything in their time, or whose SENDs the broker had not. */
  readonly unsettled: number;
}

/** For how long a session may settle what is on its way, in milliseconds; less when the whole time is short. */
const MOST_GRACE_MS = 1000;
const GRACE_SHARE = 1 / 4;
/** Between two looks. */
const LOOK_MS = 20;

/**
 * When each of `count` sessions is told to move, in milliseconds from the start, ascending: every one anywhere in its own
 * share of the time. So neither do they come back at once, nor in step with the clients of another relay that drains.
 */
export function pace(count: number, time: number, random: () => number = Math.random): number[] {
  return Array.from({ length: count }, (_, index) => ((index + random()) * time) / count);
}

/**
 * Tells the clients of all sessions to move, spread over `time` milliseconds. Each is closed as soon as what is on its way is
 * settled, or some time after it was its turn; what it has not confirmed by then is unread. Resolves when all are gone, and
 * after `time` in any case.
 */
export function drain(sessions: ReadonlySet<Movable>, time: number): Promise<Drained> {
  const grace = Math.min(MOST_GRACE_MS, time * GRACE_SHARE);
  const all = [...sessions];
  const turns = pace(all.length, time - grace);
  const began = performance.now();
  let going: { session: Movable; until: number }[] = [];
  let next = 0;
  let moved = 0;
  let unsettled = 0;

  /** Whether it is gone. */
  const move = (session: Movable, isLate: boolean): boolean => {
    if (session.isClosed) return true;
    const isSettled = session.settle();
    // One that takes its leave is closed when it has its RECEIPT.
    if (!isLate && (!isSettled || session.isLeaving)) return false;
    if (!isSettled) unsettled++;
    moved++;
    session.close('goingAway');
    return true;
  };
  const look = (): boolean => {
    const now = performance.now() - began;
    for (; next < all.length && (turns[next] as number) <= now; next++) {
      const session = all[next] as Movable;
      if (!session.isClosed) session.stopDeliveries();
      going.push({ session, until: now + grace });
    }
    going = going.filter(({ session, until }) => !move(session, now >= until));
    return sessions.size === 0 || now >= time;
  };
  return new Promise((resolve) => {
    if (look()) {
      resolve({ moved, unsettled });
      return;
    }
    const timer = setInterval(() => {
      if (!look()) return;
      clearInterval(timer);
      resolve({ moved, unsettled });
    }, LOOK_MS);
  });
}
