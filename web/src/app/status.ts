import type { ConnectionState } from 'stomp-relay/client';

/** What the connection pill says; `tone` is how good it is. */
export interface StatusWords {
  readonly text: string;
  readonly tone: 'good' | 'busy' | 'bad';
  readonly detail: string;
}

/**
 * @param now milliseconds since the epoch
 * @param offline the page pretends to have no network
 */
export function statusWords(state: ConnectionState, now: number, offline: boolean): StatusWords {
  if (offline) return { text: 'Offline', tone: 'bad', detail: 'You have taken this tab off the network.' };
  switch (state.status) {
    case 'connected':
      return {
        text: 'Connected',
        tone: 'good',
        detail: `Over ${state.transport === 'sockjs' ? 'SockJS' : 'WebSocket'}.`,
      };
    case 'waiting': {
      const seconds = Math.max(0, Math.ceil((state.retryAt - now) / 1000));
      return {
        text: seconds > 0 ? `Back in ${seconds} s` : 'Reconnecting',
        tone: 'busy',
        detail: state.reason,
      };
    }
    case 'stopped':
      return { text: 'Stopped', tone: 'bad', detail: state.reason };
    case 'closed':
      return { text: 'Closed', tone: 'bad', detail: 'The connection was closed.' };
    default:
      return { text: 'Connecting', tone: 'busy', detail: 'Reaching the relay.' };
  }
}
