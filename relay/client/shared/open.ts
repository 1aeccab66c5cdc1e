import type { RelayClientOptions } from '../types.js';
import { SharedClient, type TabPort } from './client.js';
import type { HubPort } from './hub.js';

/**
 * How long a worker may say nothing until it is taken for missing, in milliseconds. Chromium reports no error to a tab that
 * asks for a worker in the very moment in which it fails to load for another tab.
 */
const SILENT_MS = 5000;

/** Undefined where there is no SharedWorker, or the page may not have one: it takes a connection of its own then. */
export function openShared(options: RelayClientOptions): SharedClient | undefined {
  const { sharedWorker, shareKey, url, path, sockjsPath, auth, transport, heartbeat } = options;
  if (!sharedWorker || typeof SharedWorker === 'undefined') return undefined;
  if (shareKey === undefined) {
    throw new TypeError(
      'sharedWorker needs shareKey, such as the name of the user: tabs of two users must not share',
    );
  }
  let worker: SharedWorker;
  try {
    worker = sharedWorker();
  } catch {
    return undefined;
  }
  const shared = Object.entries({
    url: url ?? location.origin,
    ...{ path, sockjsPath, auth, transport, heartbeat, shareKey },
  }).filter(([, value]) => value !== undefined);
  const client = new SharedClient(Object.fromEntries(shared), options.token, portOf(worker), () => {
    // The first tab to get here starts it anew, the others join.
    const another = sharedWorker();
    client.use(portOf(another));
    replaceWhenMissing(another);
  });
  const replaceWhenMissing = (asked: SharedWorker) => {
    const port = portOf(asked);
    // The script was not to be had, or does not run: the same in the page itself.
    const giveUp = async () => {
      if (client.heard || !client.uses(port)) return;
      const { port1, port2 } = new MessageChannel();
      client.use(port1 as unknown as TabPort);
      const { Hub } = await import('./hub.js');
      new Hub(options).attach(port2 as unknown as HubPort);
    };
    asked.onerror = giveUp;
    setTimeout(giveUp, SILENT_MS);
  };
  replaceWhenMissing(worker);
  return client;
}

function portOf(worker: SharedWorker): TabPort {
  return worker.port as unknown as TabPort;
}
