import type { ConnectionState } from 'stomp-relay/client';

/** One step in the life of the connection. Times are milliseconds since the epoch. */
export interface Step {
  readonly id: number;
  readonly at: number;
  /** What the connection became, or `note`: something that the reader did. */
  readonly kind: ConnectionState['status'] | 'note';
  readonly text: string;
  /** After an outage: how long it lasted. */
  readonly away: number | undefined;
}

export interface Timeline {
  /** Newest first, at most 50. */
  readonly steps: readonly Step[];
  /** What the connection was last. */
  readonly state: ConnectionState['status'] | undefined;
  /** Since when there has been no connection; undefined while there is one, and before the first. */
  readonly lostAt: number | undefined;
  readonly count: number;
}

export const emptyTimeline: Timeline = { steps: [], state: undefined, lostAt: undefined, count: 0 };

const KEPT = 50;

/** Takes in what the connection's state became. The same timeline is returned when it says nothing new. */
export function follow(timeline: Timeline, state: ConnectionState, at: number): Timeline {
  const last = timeline.steps.find(({ kind }) => kind !== 'note');
  const text = describe(state);
  if (last?.kind === state.status && last.text === text) return timeline;
  const there = state.status === 'connected';
  const lostAt = timeline.lostAt ?? (timeline.state === 'connected' ? at : undefined);
  const away = there && lostAt !== undefined ? at - lostAt : undefined;
  return {
    ...added(timeline, { at, kind: state.status, text, away }),
    state: state.status,
    lostAt: there ? undefined : lostAt,
  };
}

/** Something that the reader did: the timeline shows what came of it. */
export function note(timeline: Timeline, text: string, at: number): Timeline {
  return added(timeline, { at, kind: 'note', text, away: undefined });
}

/** What the relay says about the session's token, in words; undefined for what is none of it. */
export function sessionNews(body: string): string | undefined {
  let notice: { readonly type?: unknown; readonly expiresIn?: unknown };
  try {
    notice = Object(JSON.parse(body));
  } catch {
    return undefined;
  }
  if (notice.type === 'token-expiring' && typeof notice.expiresIn === 'number') {
    return `The relay says: the token ends in ${Math.round(notice.expiresIn)} s`;
  }
  return notice.type === 'token-refreshed'
    ? 'The relay says: the session lives by the next token'
    : undefined;
}

function added(timeline: Timeline, step: Omit<Step, 'id'>): Timeline {
  const count = timeline.count + 1;
  // What was begun before may be told after what came of it.
  const later = timeline.steps.filter(({ at }) => at > step.at);
  const steps = [...later, { id: count, ...step }, ...timeline.steps.slice(later.length)];
  return { ...timeline, steps: steps.slice(0, KEPT), count };
}

function describe(state: ConnectionState): string {
  switch (state.status) {
    case 'idle':
      return 'Not connected';
    case 'connecting':
      return state.attempt > 1 ? `Connecting, attempt ${state.attempt}` : 'Connecting';
    case 'connected':
      return `Connected${state.node === undefined ? '' : ` to ${state.node}`}${state.transport === 'sockjs' ? ' over SockJS' : ''}`;
    case 'waiting':
      return `Lost: ${state.reason}${code(state.code)}`;
    case 'stopped':
      return `Stopped: ${state.reason}${code(state.code)}`;
    case 'closed':
      return 'Closed';
  }
}

export const transportName = (transport: 'websocket' | 'sockjs'): string =>
  transport === 'sockjs' ? 'SockJS' : 'WebSocket';

const code = (n: number | undefined): string => (n === undefined ? '' : ` (${n})`);
