import SockJS from 'sockjs-client';
import { type HttpDialect, HttpWire } from './sockjs-wire.js';

/** Every transport of sockjs-client; the iframe ones speak to the same addresses as those they are named after. */
export const SOCKJS_TRANSPORTS = [
  'websocket',
  'xhr-streaming',
  'eventsource',
  'htmlfile',
  'xhr-polling',
  'jsonp-polling',
] as const;
export type SockjsTransportName = (typeof SOCKJS_TRANSPORTS)[number];

/** What stompjs needs of a socket, over text. */
export interface TextSocket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((error: unknown) => void) | null;
  readyState: number;
  send(text: string): void;
  close(): void;
}

/** These two need a browser's document; their requests are made by hand. */
const BY_HAND: ReadonlySet<string> = new Set<HttpDialect>(['htmlfile', 'jsonp-polling']);

const isByHand = (name: string): name is HttpDialect => BY_HAND.has(name);

/** @param url the SockJS endpoint, over http: */
export function openSockjs(url: string, transport: SockjsTransportName, headers = {}): TextSocket {
  if (isByHand(transport)) return new HttpWire(url, transport, headers);
  return new SockJS(url, null, {
    transports: transport,
    // Derived from one quick request otherwise, and too short for a busy machine.
    timeout: 15_000,
    transportOptions: { [transport]: { headers } },
  } as SockJS.Options) as unknown as TextSocket;
}
