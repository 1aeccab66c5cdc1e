import { isReservedExchange, isReservedQueue } from '../destination.js';
import { ForbiddenError } from '../errors.js';
import {
  allowsValue,
  describeValues,
  GRANTABLE_HEADERS,
  type HeaderGrants,
} from '../policy/header-grants.js';
import type { HeaderList } from '../stomp/frame.js';

/** Headers with which RabbitMQ's STOMP plugin lets a client shape the queue behind a destination. */
const QUEUE_SHAPING: ReadonlySet<string> = new Set(GRANTABLE_HEADERS);

export function isQueueShaping(name: string): boolean {
  return QUEUE_SHAPING.has(name);
}

/** Headers that name a queue or an exchange: a grant of the header is no grant of the relay's own names. */
const NAMING: Readonly<Record<string, (name: string) => boolean>> = {
  'x-queue-name': isReservedQueue,
  'x-dead-letter-exchange': isReservedExchange,
  // With the default exchange for a dead-letter exchange, the routing key is a queue's name.
  'x-dead-letter-routing-key': isReservedQueue,
};

/**
 * The queue-shaping headers of a frame, each granted by the policy, with a value that it grants.
 * @throws ForbiddenError naming the first that is not: an unexpected queue is worse than an error.
 */
export function grantedQueueHeaders(headers: HeaderList, granted: HeaderGrants): HeaderList {
  const result: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!QUEUE_SHAPING.has(name)) continue;
    const allowed = granted.get(name);
    if (allowed === undefined) {
      throw new ForbiddenError(
        `the header ${name} is not allowed here`,
        `It shapes queues on the broker; a rule of the access file must grant it: headers: [${name}].`,
      );
    }
    const value = headers[i + 1] as string;
    if (!allowsValue(allowed, value)) {
      throw new ForbiddenError(
        `the header ${name} has a value that is not allowed here`,
        `It takes ${describeValues(allowed)}, as the rules of the access file say.`,
      );
    }
    if (Object.hasOwn(NAMING, name) && NAMING[name]?.(value)) {
      throw new ForbiddenError(`the header ${name} names something that is not for clients`);
    }
    result.push(name, value);
  }
  return result;
}
