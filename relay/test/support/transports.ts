import { SOCKJS_TRANSPORTS, type SockjsTransportName } from './sockjs-socket.js';

/** Every way for clients to connect, by name; undefined is a plain WebSocket. What is promised holds for all of them. */
export const transports: readonly (readonly [string, SockjsTransportName | undefined])[] = [
  ['a WebSocket', undefined],
  ...SOCKJS_TRANSPORTS.map((sockjs) => [`SockJS ${sockjs}`, sockjs] as const),
];

/** Those that cannot tell a relay by a ping that a message has come. */
export const httpTransports = SOCKJS_TRANSPORTS.filter((name) => name !== 'websocket');
