import type { Lane } from './destination.js';
import { PublishError } from './errors.js';

/** Reply codes of AMQP 0-9-1. */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;

/** What a channel that the broker has closed says of the one message that was on it. `undefined`: try again. */
export function verdict(error: Error, lane: Lane): PublishError | undefined {
  const { code } = error as { code?: unknown };
  const reason = reasonOf(error);
  if (code === ACCESS_REFUSED || code === PRECONDITION_FAILED) {
    return new PublishError('ERR_REFUSED', `the broker refuses the message: ${reason}`, { cause: error });
  }
  // Only the asker knows that exchange. Those of the relay are there as soon as a relay has run.
  if (code === NOT_FOUND && lane === 'reply') {
    return new PublishError('ERR_NO_EXCHANGE', `nothing to reply to: ${reason}`, { cause: error });
  }
  return undefined;
}

/** Why a lane stands still, in words that say what to do. */
export function explain(error: Error): string {
  const { code } = error as { code?: unknown };
  const reason = reasonOf(error);
  return code === NOT_FOUND
    ? `${reason}: start a relay once, or import rabbitmq/definitions.json`
    : `the broker closed the channel: ${reason}`;
}

/** The broker's own words, without amqplib's around them. */
function reasonOf({ message }: Error): string {
  return /with message "(.*)"$/s.exec(message)?.[1] ?? message;
}
