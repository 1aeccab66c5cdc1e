import { serve } from '../../bench/rpc.js';
import { waitFor } from '../../relay/test/support/wait.js';
import { ConfirmedPublisher, type PublishRequest } from './confirmed.js';
import type { PublishLog } from './protocol.js';

/** How far the publisher has come. */
export interface PublisherProgress {
  confirmed: number;
  /** Without a confirm yet. */
  open: number;
  /** Times that a message was published again. */
  repeated: number;
}

const SETTLE_MS = 90_000;
let publisher: ConfirmedPublisher | undefined;

function running(): ConfirmedPublisher {
  if (!publisher) throw new Error('the publisher has not begun');
  return publisher;
}

function begin(request: PublishRequest): void {
  publisher = new ConfirmedPublisher(request);
}

function progress(_: null): PublisherProgress {
  const { confirmed, open, repeated } = running();
  return { confirmed, open, repeated };
}

/** Publishes nothing new; resolves when everything is confirmed, or with what is still open after a long time. */
async function settle(_: null): Promise<PublisherProgress> {
  const current = running();
  current.stop();
  await waitFor(() => current.open === 0, { what: 'the last confirms', timeout: SETTLE_MS }).catch(() => {});
  return progress(null);
}

/** Goes on after `settle`. */
function resume(_: null): void {
  running().resume();
}

function log(_: null): PublishLog {
  return running().log();
}

const api = { begin, progress, settle, resume, log };
export type PublisherApi = typeof api;
serve(api);
