import { ForbiddenError, LimitError, RelayError } from '../errors.js';
import type { Session } from './session.js';

/** The settings behind the errors that end a session, for the metric of limits. */
const LIMITS: Readonly<Record<string, string>> = {
  ERR_FRAME_TOO_LARGE: 'RELAY_MAX_FRAME_BYTES',
  ERR_TOO_MANY_HEADERS: 'RELAY_MAX_HEADERS',
  ERR_HEADER_TOO_LONG: 'RELAY_MAX_HEADER_BYTES',
  ERR_TOO_MANY_SUBSCRIPTIONS: 'RELAY_MAX_SUBSCRIPTIONS',
  ERR_TOO_MANY_UNACKED: 'RELAY_MAX_UNACKED',
  ERR_USER_TOO_MANY_UNACKED: 'RELAY_MAX_UNACKED_PER_USER',
  ERR_TOO_MANY_TRANSACTIONS: 'RELAY_MAX_TRANSACTIONS',
  ERR_TOO_FAST: 'RELAY_THROTTLE_TIME',
  ERR_FIRST_FRAME_TIMEOUT: 'RELAY_FIRST_FRAME_TIMEOUT',
  ERR_CONNECT_TIMEOUT: 'RELAY_CONNECT_TIMEOUT',
  ERR_HOLDS_UP_OTHERS: 'RELAY_USER_PREFETCH',
  ERR_ACK_TIMEOUT: 'RELAY_ACK_TIMEOUT',
};

/**
 * Counts and logs what ends a session.
 * @returns what the client is shown of it: nothing of an error that was not meant for it
 */
export function noteFailure(session: Session, error: unknown): RelayError {
  const { log, metrics, denials } = session.services;
  const shown =
    error instanceof RelayError ? error : new RelayError('ERR_INTERNAL', 'internal error', 'internal');
  if (shown !== error) log.error({ err: error, session: session.id }, 'unexpected error in a session');
  metrics.denials.inc({ reason: shown.code });
  const limit = LIMITS[shown.code];
  if (limit) metrics.limits.inc({ limit });
  const { id, identity, transport } = session;
  const { code: reason, message } = shown;
  const { address } = transport;
  const about = shown instanceof ForbiddenError ? shown.about : undefined;
  session.failure = reason;
  denials.note(
    { reason, message, session: id, user: identity?.user, address, ...about },
    // Whoever comes too often must not fill the log as well.
    shown instanceof LimitError,
  );
  return shown;
}
