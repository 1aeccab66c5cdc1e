import { createRelayClient, type RelayClient } from 'stomp-relay/client';
import type { TokenSource } from './tokens.js';

/** The one place where the page makes its connection. */
export function connectClient(tokens: TokenSource): RelayClient {
  const { user } = tokens;
  const forced = new URLSearchParams(location.search).get('transport');
  // A worker can be shared only by tabs of whom we know that they are the same person's.
  const shared = user !== undefined && forced === null && typeof SharedWorker !== 'undefined';
  return createRelayClient({
    // Where the page is, not only its origin: a proxy may serve it all under a path.
    url: new URL('.', document.baseURI).href,
    token: (stale) => tokens.get(stale),
    // A chunk of its own: most browsers never need it.
    sockjs: () => import('sockjs-client'),
    ...(forced === 'sockjs' || forced === 'websocket' ? { transport: forced } : {}),
    ...(shared ? { sharedWorker: openWorker, shareKey: user } : {}),
  });
}

function openWorker(): SharedWorker {
  return new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'relay' });
}
