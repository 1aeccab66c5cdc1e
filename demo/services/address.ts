/** Where clients' messages come from, and where the relay looks for what is meant for one user. */
export const APP_EXCHANGE = 'relay.app';
export const USER_EXCHANGE = 'relay.user';
/** RabbitMQ's own; `/topic/a.b` of a client is the key `a.b` here. */
export const TOPIC_EXCHANGE = 'amq.topic';
/** What the services tell each other. Clients cannot reach it: no rule of the demo allows them an exchange. */
export const EVENT_EXCHANGE = 'demo.events';

/** AMQP's limit for a routing key. */
const MAX_KEY_BYTES = 255;
/** Leaves room for the longest destination that is pushed to. */
const MAX_USER_BYTES = 200;

/** A user name as one word of a routing key: percent-encoded, with `.` and `*` too. */
export function encodeUser(name: string): string {
  return encodeURIComponent(name).replaceAll('.', '%2E').replaceAll('*', '%2A');
}

/** Whether everything that the demo pushes to this user fits into a routing key. */
export function canBeReached(user: string): boolean {
  try {
    return user !== '' && encodeUser(user).length <= MAX_USER_BYTES;
  } catch {
    // encodeURIComponent does not know half a surrogate pair.
    return false;
  }
}

/** The key on `relay.user` of a user's `/user/topic/{what}`. */
export function userKey(user: string, what: string): string {
  return `${encodeUser(user)}.topic.${what}`;
}

/**
 * The key on `relay.user` that a request's `reply-to` names, or undefined when it must not be answered: whoever asks
 * could name any exchange or queue there, and would have the answer – or the service's rights – lead to somebody else.
 * @param user whom the relay has verified
 */
export function replyKey(replyTo: string | undefined, user: string): string | undefined {
  const prefix = `/exchange/${USER_EXCHANGE}/`;
  if (!replyTo?.startsWith(prefix)) return undefined;
  const key = replyTo.slice(prefix.length);
  if (key.includes('/') || Buffer.byteLength(key) > MAX_KEY_BYTES) return undefined;
  const own = `${encodeUser(user)}.`;
  return key.startsWith(own) && key.length > own.length ? key : undefined;
}
