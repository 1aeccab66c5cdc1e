/** Where a publisher stands. Messages are taken in every state but `closed`. Times are milliseconds since the epoch. */
export type PublisherState =
  | { readonly status: 'connecting'; readonly attempt: number; readonly reason: string | undefined }
  | { readonly status: 'connected'; readonly host: string; readonly since: number }
  /** The broker is short of memory or disk, and takes nothing. */
  | { readonly status: 'blocked'; readonly reason: string }
  /** Connected, and all the same some messages do not get on. */
  | { readonly status: 'stalled'; readonly reason: string }
  | {
      readonly status: 'waiting';
      readonly attempt: number;
      readonly retryAt: number;
      readonly reason: string;
    }
  | { readonly status: 'closed' };

export interface Circumstances {
  readonly closed: boolean;
  readonly connected: boolean;
  readonly host: string;
  readonly since: number;
  readonly attempt: number;
  readonly retryAt: number | undefined;
  readonly lastError: Error | undefined;
  readonly blocked: string | undefined;
  readonly problem: string | undefined;
}

export function stateOf(now: Circumstances): PublisherState {
  if (now.closed) return { status: 'closed' };
  const reason = now.lastError?.message;
  if (!now.connected && now.retryAt === undefined) {
    return { status: 'connecting', attempt: now.attempt, reason };
  }
  if (!now.connected) {
    return {
      status: 'waiting',
      attempt: now.attempt,
      retryAt: now.retryAt ?? 0,
      reason: reason ?? 'the connection was lost',
    };
  }
  if (now.blocked !== undefined) return { status: 'blocked', reason: now.blocked };
  if (now.problem !== undefined) return { status: 'stalled', reason: now.problem };
  return { status: 'connected', host: now.host, since: now.since };
}
