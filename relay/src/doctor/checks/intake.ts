import { setTimeout } from 'node:timers/promises';
import { names } from '../../broker/topology.js';
import type { Check } from '../check.js';
import type { Examination } from '../examination.js';
import { found, measured } from '../finding.js';
import { ctl } from '../shell.js';

/** Unread messages that wait for the keeper. */
const MANY = 10_000;
/** The probe of a doctor that was here just before expires at once, and is counted for some 0.1 s all the same. */
const LOOK_AGAIN_MS = 500;

export const intake: Check = {
  name: 'intake',
  about: 'what waits for the keeper of unread mail',
  async *run(examination) {
    const { vhost } = examination;
    const rejected = await examination.queue(names.rejected);
    const look = async () => (await examination.queue(names.intake)) ?? { messages: 0, consumers: 0 };
    let { messages, consumers } = await look();
    if (messages > 0 && consumers === 0) {
      await setTimeout(LOOK_AGAIN_MS);
      ({ messages, consumers } = await look());
    }
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
