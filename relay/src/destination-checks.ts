import { DestinationError } from './errors.js';

/** AMQP 0-9-1: routing keys, queue and exchange names are short strings, at most 255 bytes. */
const MAX_SHORT_STRING = 255;
const MAX_TEXT = 1024;

/** Control characters and halves of surrogate pairs. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;
const RESERVED_QUEUES = ['relay.', 'stomp-subscription-', 'amq.gen-'];
const RESERVED_EXCHANGES = ['relay.', 'amq.rabbitmq.'];
const KNOWN = '/user/…, /topic/…, /app/…, /queue/…, /amq/queue/…, /exchange/…, /reply-queue/…';

/** Whether a queue of this name is the relay's or the broker's own, never a client's. Byte-wise, as the broker compares. */
export function isReservedQueue(name: string): boolean {
  return RESERVED_QUEUES.some((prefix) => name.startsWith(prefix));
}

/** Whether an exchange of this name is the relay's or RabbitMQ's internal (`amq.rabbitmq.log`, `….trace`). */
export function isReservedExchange(name: string): boolean {
  return RESERVED_EXCHANGES.some((prefix) => name.startsWith(prefix));
}

/** The words of a key or name, which must not be empty. `form` is what to write instead. */
export function splitWords(text: string, key: string, form: string): string[] {
  // RabbitMQ 3.10 unescapes %2F here and nothing else, and a later one may unescape more:
  // what the policy saw must be what the broker uses, on every version.
  if (key.includes('%'))
    throw invalid(
      `${quote(text)} has a "%": percent escapes are only supported in the user name of /user/<name>/…`,
    );
  const words = key.split('.');
  if (words.includes(''))
    throw invalid(
      `${quote(text)} has an empty word: write ${form}, with no "//", no ".." and no "." or "/" at an end`,
    );
  return words;
}

export function noWildcards(text: string, words: string[], why: string): void {
  if (words.some((word) => /[*#]/.test(word))) throw invalid(`${quote(text)} has a "*" or "#": ${why}`);
}

/** The value itself when it fits an AMQP short string. */
export function shortString(value: string, what: string): string {
  const bytes = Buffer.byteLength(value);
  if (bytes > MAX_SHORT_STRING)
    throw tooLong(`the ${what} takes ${bytes} bytes of UTF-8: at most ${MAX_SHORT_STRING} are possible`);
  return value;
}

/** The first look at a `destination` or `reply-to` header: length and characters. */
export function checkText(text: string, header: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT) throw tooLong(`the ${header} takes ${bytes} bytes: at most ${MAX_TEXT} are possible`);
  if (text === '') throw invalid(`the ${header} is empty: write one of ${KNOWN}`);
  if (UNPRINTABLE.test(text)) {
    throw invalid(
      `the ${header} ${quote(text)} has control characters or broken surrogate pairs: remove them`,
    );
  }
}

/** JSON-quoted, so that nothing in it can break a line or a terminal, and clipped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 99)}…` : text).replace(
    /\p{Cc}/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function invalid(message: string): DestinationError {
  return new DestinationError('ERR_DESTINATION_INVALID', message);
}

function tooLong(message: string): DestinationError {
  return new DestinationError('ERR_DESTINATION_TOO_LONG', message);
}

export function unknown(text: string): DestinationError {
  return new DestinationError(
    'ERR_DESTINATION_UNKNOWN',
    `${quote(text)} is no destination: write one of ${KNOWN}`,
  );
}

export function reserved(name: string): DestinationError {
  return new DestinationError(
    'ERR_DESTINATION_RESERVED',
    `${quote(name)} is reserved: names that begin with ${[...new Set([...RESERVED_QUEUES, ...RESERVED_EXCHANGES])].join(', ')} are not for clients`,
  );
}
