import { createHash } from 'node:crypto';
import { userWord } from '../destination.js';
import { UNPRINTABLE } from '../destination-checks.js';
import { DestinationError } from '../errors.js';
import type { MailboxAddress } from './store.js';

/** RabbitMQ's bound on the length of a queue's name, in bytes. */
const MAX_NAME_BYTES = 255;
const PREFIX = 'relay.unread.';

/** What follows a user in names that belong to the relay itself, such as the badge `/user/relay.unread`. */
export const OWN_REST = /^relay(\.|$)/;

export function mailboxKey({ userWord: word, rest }: MailboxAddress): string {
  return `${word}.${rest}`;
}

/**
 * The queue of a mailbox: `relay.unread.{user}.{rest}`, or, where that is longer than a queue's name may be, its
 * beginning and a digest of the whole.
 */
export function mailboxQueue(key: string): string {
  const name = PREFIX + key;
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 40);
  // Two dots in a row are in no key, so this is nobody else's name.
  return `${truncated(name, MAX_NAME_BYTES - digest.length - 2)}..${digest}`;
}

/**
 * Takes a routing key apart.
 * @throws DestinationError saying why no client can ever be subscribed to it.
 */
export function readKey(key: string): MailboxAddress {
  const dot = key.indexOf('.');
  const word = dot < 0 ? key : key.slice(0, dot);
  const rest = dot < 0 ? '' : key.slice(dot + 1);
  if (word === '' || rest === '' || rest.split('.').includes('')) {
    throw unreachable('it is not "<user>.<what>", such as alice.topic.reply');
  }
  if (/[*#/%]/.test(rest)) throw unreachable('it has a "*", "#", "/" or, outside the user, a "%"');
  if (UNPRINTABLE.test(rest)) throw unreachable('it has control characters');
  if (OWN_REST.test(rest)) throw unreachable('what starts with "relay." is the relay’s own');
  const canonical = canonicalWord(word);
  if (canonical !== word) {
    throw unreachable(
      `the user is not encoded as encodeURIComponent does, with "." as %2E${canonical ? `: ${canonical}` : ''}`,
    );
  }
  return { userWord: word, rest };
}

function canonicalWord(word: string): string | undefined {
  try {
    return userWord(decodeURIComponent(word));
  } catch {
    return undefined;
  }
}

/** How a client names a mailbox's destination; the canonical form, since `/` and `.` are the same in a key. */
export function displayDestination(rest: string): string {
  return `/${rest.replace('.', '/')}`;
}

function truncated(text: string, bytes: number): string {
  // Cutting inside a character leaves U+FFFD behind, which would make the name longer again.
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
}

function unreachable(why: string): DestinationError {
  return new DestinationError('ERR_DESTINATION_INVALID', `nobody can subscribe to this key: ${why}`);
}
