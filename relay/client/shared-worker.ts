import { randomId } from './random.js';
import { Hub, type HubOptions, type HubPort } from './shared/hub.js';
import { holdForLife } from './shared/locks.js';
import type { RelayClientOptions } from './types.js';

/**
 * The script of the SharedWorker: import it in a file of your own, which the page names to the option `sharedWorker`.
 * It takes tabs as soon as it runs.
 */

const options: { -readonly [Name in 'sockjs' | 'lock']?: HubOptions[Name] } = {};
const hub = new Hub(options);
// Named once it is held: a tab that asked for it first would take the worker for dead.
const alive = holdForLife(`stomp-relay-worker-${randomId()}`).then((lock) => {
  options.lock = lock;
});

/** SockJS for the worker, where WebSocket is blocked: `sockjs(() => import('sockjs-client'))`. */
export function sockjs(load: NonNullable<RelayClientOptions['sockjs']>): void {
  options.sockjs = load;
}

(globalThis as { onconnect?: (event: { ports: readonly unknown[] }) => void }).onconnect = ({ ports }) => {
  void alive.then(() => {
    for (const port of ports) hub.attach(port as HubPort);
  });
};
