import { type Channel, connect } from 'amqplib';
import { serve } from '../rpc.js';
import { makeBody } from './body.js';
import { microseconds } from './clock.js';

export interface PublishRequest {
  exchange: string;
  /** Used in turn. */
  keys: string[];
  bodyBytes: number;
  /** Publishes for this long. */
  seconds: number;
  /** Messages per second, or as many as the window lets through. */
  rate?: number;
  /** Messages that may be published and not yet delivered; Infinity at a given rate. */
  window: number;
}

export interface PublishReply {
  published: number;
  /** Time of the first publish, microseconds of the common clock. */
  firstAt: number;
}

const STALLED_SECONDS = 30;

let channel: Channel | undefined;
let delivered = 0;
let wake: (() => void) | undefined;

async function open(amqpUrl: string): Promise<void> {
  const connection = await connect(amqpUrl, { noDelay: true });
  connection.on('error', (error: Error) => process.stderr.write(`publisher: ${error.message}\n`));
  channel = await connection.createChannel();
  channel.on('drain', () => wake?.());
}

/** How many messages the clients have in full by now; makes room in the window. */
function progress(count: number): void {
  delivered = count;
  wake?.();
}

async function publish(request: PublishRequest): Promise<PublishReply> {
  if (!channel) throw new Error('the publisher is not connected');
  const { exchange, keys, bodyBytes, rate, window } = request;
  const options = { contentType: 'text/plain' };
  delivered = 0;
  let published = 0;
  let writable = true;
  const firstAt = microseconds();
  const until = firstAt + request.seconds * 1e6;
  for (let now = firstAt; now < until; now = microseconds()) {
    const due =
      rate === undefined ? Number.POSITIVE_INFINITY : Math.floor(((now - firstAt) / 1e6) * rate) + 1;
    const limit = Math.min(delivered + window, due, published + 256);
    while (published < limit && writable) {
      const key = keys[published % keys.length] ?? '';
      writable = channel.publish(exchange, key, makeBody(bodyBytes, published), options);
      published++;
    }
    // With a rate the next message is due in a moment; with a full window or socket, something must happen first.
    if (rate !== undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    else if (published - delivered < window && writable)
      await new Promise((resolve) => setImmediate(resolve));
    else await woken();
    writable = true;
  }
  return { published, firstAt };
}

function woken(): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      wake = undefined;
      reject(new Error(`nothing was delivered for ${STALLED_SECONDS} s`));
    }, STALLED_SECONDS * 1000);
    wake = () => {
      wake = undefined;
      clearTimeout(timer);
      resolve();
    };
  });
}

const api = { open, progress, publish };
export type PublisherApi = typeof api;
serve(api);
