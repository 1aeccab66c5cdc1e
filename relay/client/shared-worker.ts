import { Hub, type HubPort } from './shared/hub.js';
import type { RelayClientOptions } from './types.js';

/**
 * The script of the SharedWorker: import it in a file of your own, which the page names to the option `sharedWorker`.
 * It takes tabs as soon as it runs.
 */

const options: { sockjs?: NonNullable<RelayClientOptions['sockjs']> } = {};
const hub = new Hub(options);

/** SockJS for the worker, where WebSocket is blocked: `sockjs(() => import('sockjs-client'))`. */
export function sockjs(load: NonNullable<RelayClientOptions['sockjs']>): void {
  options.sockjs = load;
}

(globalThis as { onconnect?: (event: { ports: readonly unknown[] }) => void }).onconnect = ({ ports }) => {
  for (const port of ports) hub.attach(port as HubPort);
};
