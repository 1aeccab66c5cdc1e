import { parseDestination, userWord } from '../src/destination.js';
import { PublishError } from './errors.js';

/** Where a message goes at the broker. */
export interface Address {
  /** Messages of one lane keep their order. */
  readonly lane: Lane;
  readonly exchange: string;
  readonly key: string;
}

export type Lane = 'user' | 'topic' | 'reply';

/**
 * @param destination as the user subscribes, without `/user`: `/topic/reply`. `/` and `.` are the same.
 * @throws PublishError ERR_DESTINATION
 */
export function userAddress(user: string, destination: string): Address {
  if (destination.startsWith('/user/')) {
    throw new PublishError(
      'ERR_DESTINATION',
      `${JSON.stringify(destination)}: leave out "/user", as in toUser('alice', '/topic/reply', …)`,
    );
  }
  if (!destination.startsWith('/')) throw withoutSlash(destination, '/topic/reply');
  const { key } = parse(() => `/user/${userWord(user)}${destination}`);
  return { lane: 'user', exchange: 'relay.user', key };
}

/** @throws PublishError ERR_DESTINATION */
export function topicAddress(destination: string): Address {
  if (!destination.startsWith('/topic/')) throw withoutSlash(destination, '/topic/news.sport');
  const { key } = parse(() => destination);
  return { lane: 'topic', exchange: 'amq.topic', key };
}

function parse(text: () => string): { key: string } {
  try {
    const destination = parseDestination(text(), 'send', '');
    if ('key' in destination) return destination;
  } catch (error) {
    throw new PublishError('ERR_DESTINATION', (error as Error).message, { cause: error });
  }
  throw new PublishError('ERR_DESTINATION', 'neither of a user nor a topic');
}

function withoutSlash(destination: string, example: string): PublishError {
  return new PublishError(
    'ERR_DESTINATION',
    `${JSON.stringify(destination)} is no destination for this: write it like ${JSON.stringify(example)}`,
  );
}
