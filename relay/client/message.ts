import type { IMessage } from '@stomp/stompjs';
import type { RelayMessage } from './types.js';

/** A message as `POST /api/unread/pull` answers it. */
export interface PulledMessage {
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly encoding: 'utf8' | 'base64';
}

/** What came over the socket. */
export function liveMessage(destination: string, frame: IMessage): RelayMessage {
  const { headers } = frame;
  // SockJS carries text only: the relay writes any other body in base64 there, and says so.
  const coded = headers['relay-encoding'] === 'base64';
  const bytes = coded ? fromBase64(frame.body) : frame.binaryBody;
  return {
    id: headers['amqp-message-id'] ?? headers['message-id'] ?? '',
    destination,
    headers,
    body: coded ? text(bytes) : frame.body,
    bytes,
    unread: headers.unread === 'true',
    sender: headers['relay-user'],
  };
}

/** What had waited and was pulled. */
export function pulledMessage(destination: string, pulled: PulledMessage): RelayMessage {
  const { id, headers, body } = pulled;
  const coded = pulled.encoding === 'base64';
  const bytes = coded ? fromBase64(body) : new TextEncoder().encode(body);
  return {
    id,
    destination,
    headers,
    body: coded ? text(bytes) : body,
    bytes,
    unread: true,
    sender: headers['relay-user'],
  };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function fromBase64(body: string): Uint8Array {
  return Uint8Array.from(atob(body), (char) => char.charCodeAt(0));
}
