import { type ConfirmChannel, connect } from 'amqplib';
import { emit, serve } from '../rpc.js';
import { makeBody, readSequence } from './body.js';
import { microseconds } from './clock.js';

export interface StoreRequest {
  /** Each gets `each` messages, in turns. */
  keys: string[];
  each: number;
  bodyBytes: number;
  /** Where the relay says how many messages it has stored. */
  relayUrl: string;
  /** Give up when no message was stored for this long. */
  patienceSeconds: number;
}

export interface PullRequest {
  relayUrl: string;
  /** One user each. */
  tokens: string[];
  each: number;
  /** Users that are served at a time. */
  concurrency: number;
}

/** Messages that may be published and not confirmed. */
const WINDOW = 2000;
const POLL_MS = 50;
const DESTINATION = '/topic/reply';

let channel: ConfirmChannel | undefined;

async function open(amqpUrl: string): Promise<void> {
  const connection = await connect(amqpUrl, { noDelay: true });
  connection.on('error', (error: Error) => process.stderr.write(`offline: ${error.message}\n`));
  channel = await connection.createConfirmChannel();
}

/** Publishes for users who are not there. @returns seconds from the first publish until the last is in its mailbox. */
async function store(request: StoreRequest): Promise<{ seconds: number }> {
  const before = await stored(request.relayUrl);
  const firstAt = microseconds();
  const total = request.keys.length * request.each;
  await publishAll(request, total);
  let count = 0;
  let lastNews = Date.now();
  for (;;) {
    const now = (await stored(request.relayUrl)) - before;
    if (now >= total) return { seconds: (microseconds() - firstAt) / 1e6 };
    if (now > count) lastNews = Date.now();
    count = now;
    emit('stored', count);
    if (Date.now() - lastNews > request.patienceSeconds * 1000) {
      throw new Error(`only ${count} of ${total} messages were stored`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function publishAll({ keys, bodyBytes }: StoreRequest, total: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let published = 0;
    let confirmed = 0;
    const onConfirm = (error: unknown) => {
      if (error) reject(new Error('a publish was refused'));
      else if (++confirmed === total) resolve();
      else go();
    };
    const go = () => {
      while (published < total && published - confirmed < WINDOW) {
        const key = keys[published % keys.length] ?? '';
        const sequence = Math.floor(published++ / keys.length);
        channel?.publish('relay.user', key, makeBody(bodyBytes, sequence), { persistent: true }, onConfirm);
      }
    };
    go();
  });
}

async function stored(relayUrl: string): Promise<number> {
  const text = await (await fetch(`${relayUrl}/metrics`)).text();
  return Number(/^relay_unread_stored_total (\d+)/m.exec(text)?.[1] ?? 0);
}

/** Every user pulls and acknowledges until nothing is left; checks that each had all, in order. */
async function pull(request: PullRequest): Promise<{ seconds: number; messages: number }> {
  const startedAt = microseconds();
  let next = 0;
  let messages = 0;
  const lane = async () => {
    for (let token = request.tokens[next++]; token; token = request.tokens[next++]) {
      messages += await pullAll(request, token);
    }
  };
  await Promise.all(Array.from({ length: request.concurrency }, lane));
  return { seconds: (microseconds() - startedAt) / 1e6, messages };
}

async function pullAll({ relayUrl, each }: PullRequest, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const post = async (path: string, body: object): Promise<unknown> => {
    const response = await fetch(relayUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  let expected = 0;
  for (;;) {
    const page = (await post('/api/unread/pull', { destination: DESTINATION, limit: 100 })) as {
      messages: { body: string }[];
      lease: string;
      remaining: number;
    };
    for (const { body } of page.messages) {
      if (readSequence(Buffer.from(body), 0) !== expected++)
        throw new Error('a user’s mail was out of order');
    }
    if (page.messages.length > 0) await post('/api/unread/ack', { lease: page.lease });
    if (page.remaining > 0) continue;
    if (expected !== each) throw new Error(`a user had ${expected} of ${each} messages`);
    return expected;
  }
}

const api = { open, store, pull };
export type OfflineApi = typeof api;
serve(api);
