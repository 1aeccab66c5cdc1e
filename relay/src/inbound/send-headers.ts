import { ProtocolError } from '../errors.js';
import { PUBLISHED_AT } from '../own-headers.js';
import type { HeaderList } from '../stomp/frame.js';
import { isTraceHeader, passedTrace } from '../trace-context.js';
import { isQueueShaping } from './queue-headers.js';

/** AMQP 0-9-1 short strings: 255 bytes at most; a longer one would end the broker's connection. */
const SHORT_STRING = 255;
/** All headers together: they must fit into one AMQP frame (131,072 bytes by default) of whoever consumes them. */
const MAX_HEADERS_BYTES = 64 * 1024;

const WHOLE = /^\d{1,10}$/;

/** Headers that become AMQP properties, with what they may be; anything else would make the broker fail. */
const PROPERTIES: Readonly<Record<string, (value: string) => boolean>> = {
  'content-type': isShort,
  'content-encoding': isShort,
  'correlation-id': isShort,
  'amqp-message-id': isShort,
  type: isShort,
  'app-id': isShort,
  expiration: (value) => WHOLE.test(value) && Number(value) <= 4_294_967_295,
  priority: (value) => /^\d{1,3}$/.test(value) && Number(value) <= 255,
  timestamp: (value) => /^\d{1,16}$/.test(value),
  persistent: (value) => value === 'true' || value === 'false',
};

/**
 * Headers that never go on from a client: the relay writes its own, or the broker would act on them.
 * CC and BCC route copies to any queue (sender-selected distribution); x-death and its kin forge a message's
 * dead-letter history; user-id and relay-user claim to be somebody; unread is what the relay says of a replay.
 */
const DROPPED: ReadonlySet<string> = new Set([
  ...['destination', 'receipt', 'transaction', 'content-length', 'reply-to', 'selector'],
  ...['user-id', 'relay-user', PUBLISHED_AT, 'cluster-id', 'CC', 'BCC', 'cc', 'bcc'],
  ...['x-death', 'x-first-death-queue', 'x-first-death-reason', 'x-first-death-exchange'],
  ...['x-last-death-queue', 'x-last-death-reason', 'x-last-death-exchange'],
  ...['x-delivery-count', 'x-received-from', 'x-delay', 'x-routing-key', 'x-match', 'x-stream-offset'],
  ...['redelivered', 'subscription', 'message-id', 'ack', 'id', 'login', 'passcode', 'session', 'unread'],
]);

/**
 * The headers of a SEND that go on to the broker: the properties that AMQP knows, each checked, and the
 * application's own, which become message headers and mean nothing to the broker.
 *
 * @param user the verified subject, told to every receiver as `relay-user`
 * @throws ProtocolError for a value that the broker would choke on
 */
export function forwardedHeaders(headers: HeaderList, user: string): HeaderList {
  const result: HeaderList = ['relay-user', user];
  const seen = new Set<string>();
  let bytes = 0;
  let isTraced = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (name === 'message-id') {
      throw new ProtocolError('ERR_BAD_HEADER', 'SEND takes no message-id; set amqp-message-id instead');
    }
    if (seen.has(name) || DROPPED.has(name) || isQueueShaping(name)) continue;
    seen.add(name);
    if (isTraceHeader(name)) {
      isTraced = true;
      continue;
    }
    if (Object.hasOwn(PROPERTIES, name) && !PROPERTIES[name]?.(value)) {
      throw new ProtocolError(
        'ERR_BAD_HEADER',
        `the header ${name} has a value that the broker does not take`,
      );
    }
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (!isShort(name) || bytes > MAX_HEADERS_BYTES) {
      throw new ProtocolError('ERR_HEADERS_TOO_LARGE', 'the headers of this SEND are too large for AMQP');
    }
    result.push(name, value);
  }
  if (isTraced) result.push(...passedTrace(headers));
  return result;
}

function isShort(value: string): boolean {
  return value.length <= SHORT_STRING && Buffer.byteLength(value) <= SHORT_STRING;
}
