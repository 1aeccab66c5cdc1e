import { PUBLISHED_AT } from '../own-headers.js';
import { shownReplyTo } from '../reply-to.js';
import { encodeFrame } from '../stomp/encoder.js';
import type { Frame, HeaderList, StompVersion } from '../stomp/frame.js';
import { header } from '../stomp/frame.js';
import { isTraceHeader, passedTrace } from '../trace-context.js';
import { Outgoing } from './outgoing.js';

/** On the first MESSAGE after some of its subscription were dropped: how many. */
export const GAP_HEADER = 'relay-dropped';

/** Headers of the broker's MESSAGE that name its side of things; the relay writes its own. */
export const REPLACED: ReadonlySet<string> = new Set([
  'subscription',
  'destination',
  'message-id',
  'ack',
  'content-length',
  'receipt',
  GAP_HEADER,
]);

/** How one subscription wants to see a message. */
export interface MessageView {
  subscription: string;
  destination: string;
  version: StompVersion;
  /** Only for acknowledged subscriptions: the value that the client's ACK will name. */
  ack?: string;
}

/** A MESSAGE from the broker that goes to one or more clients, each with its own first headers. */
export class OutboundMessage {
  /** Unique over all messages of this relay process and the same for every client that gets this one. */
  readonly id: string;
  /** Where the sender wants an answer, if it said so. */
  replyTo: string | undefined;
  /** `relay-published-at`, in milliseconds since the epoch; 0 when it is not there, or no time. */
  publishedAt = 0;
  private readonly rest: HeaderList = [];

  constructor(
    headers: HeaderList,
    private readonly body: Buffer,
    id?: string,
  ) {
    this.id = id ?? header(headers, 'message-id') ?? '';
    let isTraced = false;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      if (isTraceHeader(name)) {
        isTraced = true;
        continue;
      }
      const value = shown(name, headers[i + 1] as string);
      // The first one counts (STOMP 1.2, Repeated Header Entries): it is the one that the client sees.
      if (name === 'reply-to') this.replyTo ??= value;
      else if (name === PUBLISHED_AT) this.publishedAt ||= Number(value) || 0;
      if (!REPLACED.has(name)) this.rest.push(name, value);
    }
    if (isTraced) this.rest.push(...passedTrace(headers));
  }

  /** Encodes the message for one view. Callers share the result between clients with the same view. */
  encode(view: MessageView): Outgoing {
    const headers = ['subscription', view.subscription, 'destination', view.destination];
    headers.push('message-id', this.id);
    // STOMP 1.2, MESSAGE: the ack header exists only there; earlier versions acknowledge by message-id.
    if (view.ack !== undefined && view.version === '1.2') headers.push('ack', view.ack);
    else if (view.ack !== undefined) headers[5] = view.ack;
    for (const part of this.rest) headers.push(part);
    return new Outgoing(encodeFrame('MESSAGE', headers, this.body, view.version), view.destination);
  }
}

/**
 * A MESSAGE of a private link, for the one client whose link it is: as the broker wrote it, but for what is
 * not the client's: the sending relay's receipt id, which the broker passes on like any header, and in STOMP
 * 1.1 and 1.0 the ack header, which they do not know (message-id has the same value there).
 */
export function passedThrough(frame: Frame, version: StompVersion): Outgoing {
  const headers: HeaderList = [];
  for (let i = 0; i < frame.headers.length; i += 2) {
    const name = frame.headers[i] as string;
    if (name === 'receipt' || (name === 'ack' && version !== '1.2') || isTraceHeader(name)) continue;
    headers.push(name, shown(name, frame.headers[i + 1] as string));
  }
  headers.push(...passedTrace(frame.headers));
  return new Outgoing(encodeFrame('MESSAGE', headers, frame.body, version));
}

function shown(name: string, value: string): string {
  return name === 'reply-to' ? shownReplyTo(value) : value;
}
