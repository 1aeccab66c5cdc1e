import { ForbiddenError } from '../errors.js';
import { GRANTABLE_HEADERS } from '../policy/load.js';
import type { HeaderList } from '../stomp/frame.js';

/** Headers with which RabbitMQ's STOMP plugin lets a client shape the queue behind a destination. */
const QUEUE_SHAPING: ReadonlySet<string> = new Set(GRANTABLE_HEADERS);

export function isQueueShaping(name: string): boolean {
  return QUEUE_SHAPING.has(name);
}

/**
 * The queue-shaping headers of a frame, each granted by the policy.
 * @throws ForbiddenError naming the first that is not: an unexpected queue is worse than an error.
 */
export function grantedQueueHeaders(headers: HeaderList, granted: ReadonlySet<string>): HeaderList {
  const result: HeaderList = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!QUEUE_SHAPING.has(name)) continue;
    if (!granted.has(name)) {
      throw new ForbiddenError(
        `the header ${name} is not allowed here`,
        `It shapes queues on the broker; a rule of the access file must grant it: headers: [${name}].`,
      );
    }
    result.push(name, headers[i + 1] as string);
  }
  return result;
}
