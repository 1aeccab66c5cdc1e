import { DirectClient } from './create.js';
import type { RelayClient, RelayClientOptions, WebSocketConstructor } from './types.js';

export * from './index.js';

/** The same for Node, with the WebSocket of the package `ws`. */
export function createRelayClient(options: RelayClientOptions): RelayClient {
  return new DirectClient({
    ...options,
    loadWebSocket: async () => (await import('ws')).default as unknown as WebSocketConstructor,
  });
}
