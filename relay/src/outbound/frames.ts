import type { RelayError } from '../errors.js';
import { encodeFrame } from '../stomp/encoder.js';
import { EMPTY_BODY, type HeaderList, type StompVersion } from '../stomp/frame.js';
import { Outgoing } from './outgoing.js';

/** What the relay calls itself in CONNECTED. */
const SERVER = 'stomp-relay';

/** @param node the name of this relay among the others, for whoever looks for a session in their logs */
export function connectedFrame(
  version: StompVersion,
  session: string,
  user: string,
  heartbeat: string,
  node: string,
): Outgoing {
  const headers = ['version', version, 'server', SERVER, 'session', session, 'heart-beat', heartbeat];
  headers.push('user-name', encodeURIComponent(user), 'relay-node', node);
  return new Outgoing(encodeFrame('CONNECTED', headers, EMPTY_BODY, version));
}

/** @param more headers of the relay's own */
export function receiptFrame(receipt: string, version: StompVersion, more: HeaderList = []): Outgoing {
  return new Outgoing(encodeFrame('RECEIPT', ['receipt-id', receipt, ...more], EMPTY_BODY, version));
}

/** The one place that turns an error into what the client sees (STOMP 1.2, ERROR). */
export function errorFrame(error: RelayError, receipt: string | undefined, version: StompVersion): Outgoing {
  const headers = ['message', error.message, 'code', error.code];
  if (receipt !== undefined) headers.push('receipt-id', receipt);
  if (error.retryAfter !== undefined) headers.push('retry-after', String(error.retryAfter));
  headers.push('content-type', 'text/plain', 'version', '1.0,1.1,1.2');
  return new Outgoing(encodeFrame('ERROR', headers, Buffer.from(error.detail ?? error.message), version));
}
