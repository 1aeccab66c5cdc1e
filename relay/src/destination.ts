import {
  checkText,
  invalid,
  isReservedExchange,
  isReservedQueue,
  noWildcards,
  quote,
  reserved,
  shortString,
  splitWords,
  UNPRINTABLE,
  unknown,
} from './destination-checks.js';
import { isShown, SESSION_REST, TOKEN_DESTINATION } from './own-destinations.js';
import { encodeUser } from './user-word.js';

export { isReservedExchange, isReservedQueue } from './destination-checks.js';

/** What a client wants to do with a destination. */
export type Action = 'subscribe' | 'send';

/**
 * A destination that is well-formed, in the form in which policy and upstream use it.
 * `text` is what the client wrote; `words` is the canonical form that policy rules are matched on:
 * one list of words per segment (`/user/bob/topic/a.b` → `[['bob'], ['topic','a','b']]`).
 *
 * - `user`: `[[userWord], rest words]` for both actions; `key` is `userWord.rest`
 * - `topic`, `app`: `[key words]`
 * - queues: `[name words]`
 * - `exchange`: `[exchange name words, key words]`; the second list is empty when `key` is `''`
 *
 * `key`, `name` and `exchange` are at most 255 bytes of UTF-8.
 */
export type Destination =
  | { kind: 'user'; text: string; words: string[][]; userWord: string; rest: string; key: string }
  | { kind: 'topic' | 'app'; text: string; words: string[][]; key: string }
  | {
      kind: 'queue' | 'amq-queue' | 'temp-queue' | 'reply-queue';
      text: string;
      words: string[][];
      name: string;
    }
  | { kind: 'exchange'; text: string; words: string[][]; exchange: string; key: string };

export type DestinationKind = Destination['kind'];

/**
 * The one routing-key word that stands for a user: `encodeURIComponent(name)` with `.` and `*` encoded too
 * (`alice@example.com` → `alice%40example%2Ecom`). Injective; the result is ASCII without `.`, `*`, `#` and `/`.
 * Names are compared code point by code point: no Unicode normalisation, no case folding.
 * @throws DestinationError ERR_DESTINATION_INVALID for an empty name, control characters and lone surrogates
 */
export function userWord(name: string): string {
  if (name === '') throw invalid('a user name must not be empty');
  if (UNPRINTABLE.test(name)) {
    throw invalid('a user name must not contain control characters or broken surrogate pairs');
  }
  return encodeUser(name);
}

/**
 * Reads the `destination` header of a client's SUBSCRIBE or SEND.
 * @param self the client's own `userWord`: a SUBSCRIBE to `/user/…` means this user
 * @throws DestinationError ERR_DESTINATION_UNKNOWN (no such prefix), ERR_DESTINATION_INVALID (malformed, or not
 *   for this action), ERR_DESTINATION_TOO_LONG, ERR_DESTINATION_RESERVED (a name that is not for clients)
 */
export function parseDestination(text: string, action: Action, self: string): Destination {
  checkText(text, 'destination');
  const segments = text.split('/');
  if (segments[0] !== '' || segments.length < 2) throw unknown(text);
  const rest = segments.slice(2);
  switch (segments[1]) {
    case 'user':
      return user(text, rest, action, self);
    case 'topic':
      return topic(text, rest, action);
    case 'app':
      return app(text, rest, action);
    case 'queue':
      return queue('queue', text, rest);
    case 'amq':
      if (segments[2] !== 'queue') throw unknown(text);
      return queue('amq-queue', text, segments.slice(3));
    case 'exchange':
      return exchange(text, rest, action);
    case 'reply-queue':
      return replyQueue(text, action);
    case 'relay':
      throw invalid(
        `${quote(text)} is no destination: SEND the next token to ${TOKEN_DESTINATION}, SUBSCRIBE to /user/${SESSION_REST}`,
      );
    case 'temp-queue':
      throw invalid(
        `${quote(text)} is no destination: name a temporary queue in the reply-to header of a SEND, and the replies arrive without a SUBSCRIBE`,
      );
    default:
      throw unknown(text);
  }
}

/**
 * The STOMP destination that makes RabbitMQ publish to (or bind) `exchange` with exactly this `key`, or undefined
 * when none does: the plugin turns every `%2F` into `/` and knows no escape for it, so the word of a user
 * whose name has a slash cannot be written; publish that key over AMQP.
 */
export function exchangeDestination(exchange: string, key: string): string | undefined {
  if (exchange.includes('%2F') || key.includes('%2F')) return undefined;
  return `/exchange/${exchange.replaceAll('/', '%2F')}/${key.replaceAll('/', '%2F')}`;
}

function user(text: string, segments: string[], action: Action, self: string): Destination {
  const form = action === 'send' ? '/user/<name>/<what>' : '/user/<what>';
  const word = action === 'send' ? addressee(text, segments[0]) : self;
  const parts = action === 'send' ? segments.slice(1) : segments;
  if (parts.length === 0)
    throw invalid(
      `${quote(text)} is incomplete: write ${form}, such as ${form.replace('<what>', 'topic/reply')}`,
    );
  const rest = parts.join('.');
  const words = splitWords(text, rest, form);
  noWildcards(text, words, 'a user destination names one user and one thing');
  // Else anybody who may write to a user could show them a wrong count of unread messages, or a wrong notice.
  if (words[0] === 'relay' && (action === 'send' || !isShown(rest))) throw reserved(rest);
  const key = shortString(`${word}.${rest}`, 'routing key');
  return { kind: 'user', text, words: [[word], words], userWord: word, rest, key };
}

/** The user segment of a SEND, written as it is or percent-encoded (`a%2Fb` for a name with a slash). */
function addressee(text: string, segment: string | undefined): string {
  if (segment === undefined || segment === '')
    throw invalid(`${quote(text)} names no user: write /user/<name>/<what>`);
  if (/[*#]/.test(segment))
    throw invalid(
      `${quote(text)} has a wildcard for a user: name one user ("*" in a name is %2A, "#" is %23)`,
    );
  if (segment === '.' || segment === '..')
    throw invalid(`${quote(text)} has "${segment}" for a user: a user of that name is ${userWord(segment)}`);
  let name: string;
  try {
    name = decodeURIComponent(segment);
  } catch {
    throw invalid(
      `${quote(text)} has a broken percent escape in the user name: encode the name with encodeURIComponent`,
    );
  }
  return userWord(name);
}

function topic(text: string, segments: string[], action: Action): Destination {
  const key = onlySegment(text, segments, '/topic/<name>');
  return { kind: 'topic', text, words: [keyWords(text, key, action, '/topic/<name>')], key };
}

function app(text: string, segments: string[], action: Action): Destination {
  if (action === 'subscribe') {
    throw invalid(
      `${quote(text)} can only be sent to: /app/… goes to services; subscribe to /user/… or /topic/… for what they answer`,
    );
  }
  if (segments.length === 0) throw invalid(`${quote(text)} is incomplete: write /app/<name>`);
  const key = shortString(segments.join('.'), 'routing key');
  return { kind: 'app', text, words: [keyWords(text, key, action, '/app/<name>')], key };
}

/** The segments after the prefix are to be one name. @throws DestinationError as parseDestination */
export function queue(
  kind: 'queue' | 'amq-queue' | 'temp-queue',
  text: string,
  segments: string[],
): Destination {
  const form = kind === 'amq-queue' ? '/amq/queue/<name>' : `/${kind}/<name>`;
  const name = onlySegment(text, segments, form);
  // Server-named queues are other clients' reply and subscription queues: knowing a name must not be enough.
  // A temporary queue's name is the client's own label, which the broker never uses as a queue name.
  if (kind === 'temp-queue' ? name.startsWith('relay.') : isReservedQueue(name)) throw reserved(name);
  const words = splitWords(text, name, form);
  noWildcards(text, words, 'a queue is named in full');
  return { kind, text, words: [words], name };
}

function replyQueue(text: string, action: Action): Destination {
  if (action === 'subscribe') {
    throw invalid(
      `${quote(text)} can only be sent to: replies to your own reply-to:/temp-queue/… arrive without a SUBSCRIBE`,
    );
  }
  const name = text.slice('/reply-queue/'.length);
  if (!/^[!-$&-~]+$/.test(name)) {
    throw invalid(
      `${quote(text)} is no reply queue: send to exactly what the reply-to header of the MESSAGE said`,
    );
  }
  shortString(name, 'queue name');
  if (isReservedQueue(name) && !name.startsWith('amq.gen-')) throw reserved(name);
  return { kind: 'reply-queue', text, words: [name.split('.')], name };
}

function exchange(text: string, segments: string[], action: Action): Destination {
  const form = '/exchange/<name> or /exchange/<name>/<key>';
  const [name, key] = segments;
  if (name === undefined || name === '') throw invalid(`${quote(text)} names no exchange: write ${form}`);
  if (segments.length > 2)
    throw invalid(
      `${quote(text)} has too many slashes: write ${form}, with "." between the words of the key`,
    );
  shortString(name, 'exchange name');
  if (isReservedExchange(name)) throw reserved(name);
  const nameWords = splitWords(text, name, form);
  noWildcards(text, nameWords, 'an exchange is named in full');
  if (key === undefined) return { kind: 'exchange', text, words: [nameWords, []], exchange: name, key: '' };
  shortString(key, 'routing key');
  return {
    kind: 'exchange',
    text,
    words: [nameWords, keyWords(text, key, action, form)],
    exchange: name,
    key,
  };
}

function onlySegment(text: string, segments: string[], form: string): string {
  const [name] = segments;
  if (name === undefined || name === '') throw invalid(`${quote(text)} is incomplete: write ${form}`);
  if (segments.length > 1)
    throw invalid(
      `${quote(text)} has too many slashes: write ${form}, with "." instead of "/" inside the name`,
    );
  return shortString(name, 'name');
}

function keyWords(text: string, key: string, action: Action, form: string): string[] {
  const words = splitWords(text, key, form);
  if (action === 'send') {
    noWildcards(text, words, 'wildcards are for SUBSCRIBE only');
  } else if (words.some((word) => word.length > 1 && /[*#]/.test(word))) {
    throw invalid(
      `${quote(text)} has a wildcard inside a word: "*" (one word) and "#" (any words) stand alone, as in /topic/news.*`,
    );
  }
  return words;
}

/**
 * What the relay writes to RabbitMQ's STOMP plugin for a destination: always built from the checked parts, never
 * the client's own text. Undefined when the plugin has no spelling for it (see `exchangeDestination`).
 */
export function brokerDestination(destination: Destination): string | undefined {
  switch (destination.kind) {
    case 'user':
      return exchangeDestination('relay.user', destination.key);
    case 'app':
      return exchangeDestination('relay.app', destination.key);
    case 'topic':
      return `/topic/${destination.key}`;
    case 'exchange':
      return destination.key === ''
        ? `/exchange/${destination.exchange}`
        : exchangeDestination(destination.exchange, destination.key);
    case 'amq-queue':
      return `/amq/queue/${destination.name}`;
    default:
      return `/${destination.kind}/${destination.name}`;
  }
}

/**
 * The same for a SEND.
 * @throws DestinationError when RabbitMQ's STOMP plugin has no spelling for it
 */
export function sendTarget(destination: Destination): string {
  const target = brokerDestination(destination);
  if (target !== undefined) return target;
  throw invalid(
    `${destination.text}: RabbitMQ's STOMP plugin cannot express a name with a slash; publish this one over AMQP`,
  );
}
