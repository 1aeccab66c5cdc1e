import { createHash } from 'node:crypto';
import type { ReceivedFrame } from '../support/stomp.js';
import type { Transcript } from './scenario.js';

/** What is left of a frame when everything that may differ has been made equal. */
export interface ComparableFrame {
  headers: Record<string, string>;
  body: string;
}

export interface ComparableTranscript {
  clients: Record<
    string,
    {
      version: string;
      /** By subscription, each in the order of arrival; messages without a subscription under ''. */
      messages: Record<string, ComparableFrame[]>;
      receipts: string[];
      refused: boolean;
    }
  >;
  notes: Record<string, unknown>;
}

/**
 * Headers of a MESSAGE that are not compared. The relay says who sent a message (`relay-user`), which RabbitMQ
 * alone does not. RabbitMQ in turn copies headers into the message that were about the SEND frame, its receipt,
 * transaction and queue arguments, which the relay does not.
 */
const NOT_COMPARED = new Set([
  'relay-user',
  'relay-published-at',
  'receipt',
  'transaction',
  'durable',
  'auto-delete',
  'exclusive',
  'x-max-length',
]);

/** Ids whose value is the server's own affair, but not which of them are equal. */
const IDS = new Set(['message-id', 'ack']);

/** What stompjs asks for on DISCONNECT. RabbitMQ closes so fast that its RECEIPT is lost. */
const DISCONNECT_RECEIPT = /^close-\d+$/;

/**
 * Makes two runs comparable. May differ: the values of `message-id` and `ack` (they become ordinals within a
 * subscription, so that equal ones stay equal), names made unique for the run, the broker's generated queue names, the header
 * `relay-user` and what RabbitMQ copies from the SEND frame, the order between different subscriptions of a client and between receipts and messages,
 * and the wording of errors. All else stays as it is.
 */
export function normalise(transcript: Transcript): ComparableTranscript {
  const generated = new Ordinals('amq.gen-');
  const common = (text: string) =>
    text
      .replaceAll(transcript.run, 'RUN')
      .replace(/(?<=^\/reply-queue\/).+|amq\.gen-[\w-]+/g, (name) => generated.of(name));
  return {
    clients: Object.fromEntries(
      Object.entries(transcript.clients)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { version, frames, refused }]) => [
          name,
          { version, refused, ...normaliseFrames(frames, common) },
        ]),
    ),
    notes: normaliseValue(transcript.notes, common) as Record<string, unknown>,
  };
}

function normaliseFrames(frames: ReceivedFrame[], common: (text: string) => string) {
  const bySubscription = new Map<string, ReceivedFrame[]>();
  for (const frame of frames.filter(({ command }) => command === 'MESSAGE')) {
    const key = frame.headers.subscription ?? '';
    bySubscription.set(key, [...(bySubscription.get(key) ?? []), frame]);
  }
  const messages = Object.fromEntries(
    [...bySubscription]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([subscription, list]) => {
        const ids = new Ordinals('#');
        return [common(subscription), list.map((frame) => normaliseFrame(frame, common, ids))];
      }),
  );
  return {
    messages,
    receipts: frames
      .filter(({ command }) => command === 'RECEIPT')
      .map(({ headers }) => common(headers['receipt-id'] ?? ''))
      .filter((id) => !DISCONNECT_RECEIPT.test(id))
      .sort(),
  };
}

function normaliseFrame(
  { headers, body }: ReceivedFrame,
  common: (text: string) => string,
  ids: Ordinals,
): ComparableFrame {
  const compared = Object.entries(headers)
    .filter(([name]) => !NOT_COMPARED.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, IDS.has(name) ? ids.of(value) : common(value)]);
  return { headers: Object.fromEntries(compared), body: describe(body) };
}

function normaliseValue(value: unknown, common: (text: string) => string): unknown {
  if (typeof value === 'string') return common(value);
  if (Buffer.isBuffer(value)) return describe(value);
  if (Array.isArray(value)) return value.map((entry) => normaliseValue(entry, common));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !NOT_COMPARED.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => [name, normaliseValue(entry, common)]),
  );
}

/** Every byte counts, but a failure must stay readable. */
function describe(body: Buffer): string {
  if (body.length <= 64) return JSON.stringify(body.toString('latin1'));
  return `${body.length} bytes, sha256 ${createHash('sha256').update(body).digest('hex')}`;
}

/** Replaces values by their ordinal in the order of first sight. */
class Ordinals {
  private readonly seen = new Map<string, string>();
  constructor(private readonly prefix: string) {}

  of(value: string): string {
    const known = this.seen.get(value);
    if (known !== undefined) return known;
    const token = `${this.prefix}${this.seen.size + 1}`;
    this.seen.set(value, token);
    return token;
  }
}
