import { setTimeout as delay } from 'node:timers/promises';
import { heldMessages, type QueueSize } from './broker.js';

/** What is in here was refused, and no pull ever gives it out. */
const REJECTED = 'relay.unread.rejected';

/** RabbitMQ counts the messages of a queue anew every 5 s: only what stays empty for longer is empty. */
const EMPTY_FOR_MS = 6000;
const LOOK_EVERY_MS = 500;
const PULL_PATIENCE_MS = 20_000;

export interface Drained {
  /** Queues that still held something when the time was up. */
  left: QueueSize[];
  rejected: number;
}

/** Whoever can pull the mail of all users of the run. */
export interface Puller {
  /** @param patience milliseconds for each user. */
  pullAll(patience: number): Promise<unknown>;
}

/**
 * Pulls until the broker holds nothing for anyone, including what still has to leave the queues of dead relays.
 * @param patience milliseconds; afterwards what is left is told instead.
 */
export async function drain(
  crowd: Puller,
  managementUrl: string,
  patience: number,
  log: (line: string) => void,
): Promise<Drained> {
  const deadline = Date.now() + patience;
  let emptySince: number | undefined;
  let toldAt = 0;
  for (;;) {
    const held = await heldMessages(managementUrl);
    const left = held.filter(({ name }) => name !== REJECTED);
    const rejected = held.find(({ name }) => name === REJECTED)?.messages ?? 0;
    if (left.length === 0) emptySince ??= Date.now();
    else emptySince = undefined;
    const empty = emptySince !== undefined && Date.now() - emptySince > EMPTY_FOR_MS;
    if (empty || Date.now() > deadline) {
      await crowd.pullAll(PULL_PATIENCE_MS);
      return { left: empty ? [] : left, rejected };
    }
    if (left.length > 0) {
      if (Date.now() - toldAt > 3000) {
        toldAt = Date.now();
        log(`the broker still holds ${describe(left)}`);
      }
      await crowd.pullAll(PULL_PATIENCE_MS);
    }
    await delay(LOOK_EVERY_MS);
  }
}

export function describe(queues: readonly QueueSize[]): string {
  const sum = queues.reduce((total, { messages }) => total + messages, 0);
  const names = queues.slice(0, 3).map(({ name, messages }) => `${name} ${messages}`);
  return `${sum} messages in ${queues.length} queues (${names.join(', ')}${queues.length > 3 ? ', …' : ''})`;
}
