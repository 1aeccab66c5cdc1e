/** What a client should do after a close: come back as it is, fetch a new token first, or give up. */
export type Advice = 'retry' | 'new-token' | 'stop';

export interface Closure {
  /** WebSocket close code. */
  readonly code: number;
  /** Close reason, at most 123 bytes (RFC 6455, 5.5). */
  readonly reason: string;
  readonly advice: Advice;
}

/** The one table of close codes. Private codes (4000–4999) follow the HTTP status they resemble. */
export const closures = {
  normal: { code: 1000, reason: 'bye', advice: 'stop' },
  goingAway: { code: 1001, reason: 'the relay is going away', advice: 'retry' },
  internal: { code: 1011, reason: 'internal error', advice: 'retry' },
  protocolError: { code: 4400, reason: 'protocol error', advice: 'stop' },
  unauthorized: { code: 4401, reason: 'token missing or refused', advice: 'new-token' },
  forbidden: { code: 4403, reason: 'not allowed by policy', advice: 'stop' },
  connectTimeout: { code: 4408, reason: 'no CONNECT in time', advice: 'retry' },
  heartbeatLost: { code: 4409, reason: 'heart-beats stopped', advice: 'retry' },
  tokenExpired: { code: 4410, reason: 'token expired', advice: 'new-token' },
  revoked: { code: 4411, reason: 'signed out', advice: 'new-token' },
  tooLarge: { code: 4413, reason: 'frame too large', advice: 'stop' },
  tooEarly: { code: 4425, reason: 'too many connections, or too often: wait', advice: 'retry' },
  slowConsumer: { code: 4429, reason: 'client too slow', advice: 'retry' },
  limitExceeded: { code: 4430, reason: 'limit exceeded', advice: 'stop' },
  brokerRefused: { code: 4502, reason: 'refused by the broker', advice: 'stop' },
  brokerUnavailable: { code: 4503, reason: 'broker unavailable', advice: 'retry' },
} as const satisfies Record<string, Closure>;

export type ClosureName = keyof typeof closures;
