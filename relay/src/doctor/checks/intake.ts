import { setTimeout } from 'node:timers/promises';
import { names } from '../../broker/topology.js';
import type { Check } from '../check.js';
import type { Examination } from '../examination.js';
import { found, measured } from '../finding.js';
import { ctl } from '../shell.js';

/** Unread messages that wait for the keeper. */
const MANY = 10_000;
/** Probes of doctors expire at once, and are counted for some 0.1 s all the same. */
const LOOK_AGAIN_MS = 250;
const LOOKS = 4;

export const intake: Check = {
  name: 'intake',
  about: 'what waits for the keeper of unread mail',
  async *run(examination) {
    const { vhost } = examination;
    const rejected = await examination.queue(names.rejected);
    const { messages, consumers } = await leastWaiting(examination);
    yield measured('unread messages on their way into mailboxes', messages);
    if (messages > 0 && consumers === 0) {
      const what = `${messages} messages wait in ${names.intake}, and nobody reads it`;
      yield (await relaysRun(examination))
        ? found(
            'DOC_KEEPER_MISSING',
            `${what}, though a relay runs`,
            'start the relays again, one after the other',
          )
        : found('DOC_INTAKE_WAITING', what, 'start a relay');
    } else if (messages > MANY) {
      yield found(
        'DOC_INTAKE_BEHIND',
        `${messages} messages wait in ${names.intake}: the keeper cannot keep up`,
        'a faster disk for the broker, or fewer messages for users who are away (relay-unread: drop on what is worth nothing later)',
      );
    }
    if (rejected && rejected.messages > 0) {
      yield found(
        'DOC_REJECTED',
        `${rejected.messages} messages in ${names.rejected} could never be delivered`,
        `look at relay-reason and relay-key in their headers (management, Queues, Get messages), correct the publisher, and ${ctl('purge_queue', vhost, names.rejected)}`,
      );
    }
  },
};

/** What is really there, where nobody reads it: there may have been a doctor just before, and this one sends probes, too. */
async function leastWaiting(examination: Examination): Promise<{ messages: number; consumers: number }> {
  let least = Number.POSITIVE_INFINITY;
  for (let looks = 1; ; looks++) {
    const { messages, consumers } = (await examination.queue(names.intake)) ?? { messages: 0, consumers: 0 };
    least = Math.min(least, messages);
    if (consumers > 0) return { messages, consumers };
    if (least === 0 || looks === LOOKS) return { messages: least, consumers };
    await setTimeout(LOOK_AGAIN_MS);
  }
}

/** Whether a relay runs, though it does not read the intake. */
async function relaysRun(examination: Examination): Promise<boolean> {
  try {
    const page = await examination.management.list<{ name: string }>('queues', '^relay\\.node\\.', 'name');
    for (const { name } of page.items) if (((await examination.queue(name))?.consumers ?? 0) > 0) return true;
  } catch {
    // Without the management nobody knows their names.
  }
  return false;
}
