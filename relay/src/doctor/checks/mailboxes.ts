import { names, sharedQueues } from '../../broker/topology.js';
import { mailboxType, type RelayConfig } from '../../config.js';
import type { Check } from '../check.js';
import { type Finding, found, measured, type Told } from '../finding.js';

/** How full a mailbox is that is told of. */
const NEAR = 0.8;
/** How many of the largest are looked at, by messages and by bytes. */
const LARGEST = 50;
const SHOWN = 5;

export interface Mailbox {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly messages?: number;
  readonly message_bytes?: number;
}

const SHARED = sharedQueues.map(({ name }) => name).filter((name) => name.startsWith(`${names.unread}.`));
/** Of mailboxes alone. */
const PATTERN = `^relay\\.unread\\.(?!(${SHARED.map((name) => name.slice(names.unread.length + 1)).join('|')})$)`;
const COLUMNS = 'name,arguments,messages,message_bytes';

export const mailboxes: Check = {
  name: 'mailboxes',
  about: 'how full mailboxes are',
  async *run(examination) {
    const { management, config } = examination;
    const [byLength, byBytes] = await Promise.all(
      ['messages', 'message_bytes'].map((most) =>
        management.list<Mailbox>('queues', PATTERN, COLUMNS, { size: LARGEST, most }),
      ),
    );
    yield measured('mailboxes', byLength?.filtered_count ?? 0);
    const all = new Map(
      [...(byLength?.items ?? []), ...(byBytes?.items ?? [])].map((one) => [one.name, one]),
    );
    const fresh = await Promise.all(
      [...all.values()].map(async (mailbox) => {
        // Management counts every few seconds only.
        const messages = (await examination.queue(mailbox.name))?.messages ?? 0;
        return { ...mailbox, messages: Math.max(messages, mailbox.messages ?? 0) };
      }),
    );
    yield* judgeMailboxes(fresh, config.env);
  },
};

export function judgeMailboxes(mailboxes: readonly Mailbox[], env: RelayConfig['env']): Told[] {
  const told: Told[] = [];
  const [largest] = [...mailboxes].sort((a, b) => (b.messages ?? 0) - (a.messages ?? 0));
  if (largest) told.push(measured('largest mailbox', `${largest.name}, ${largest.messages ?? 0} messages`));
  const full = mailboxes.map((one) => ({ one, how: fullness(one) })).filter(({ how }) => how >= NEAR);
  if (full.length > 0) {
    const names = full.slice(0, SHOWN).map(({ one, how }) => `${one.name} (${Math.round(how * 100)} %)`);
    told.push(
      found(
        'DOC_MAILBOX_FULL',
        `${full.length} mailboxes are full or nearly so: ${names.join(', ')}`,
        'read it, or see who publishes so much; RELAY_MAILBOX_LENGTH and RELAY_MAILBOX_BYTES are for mailboxes made from then on',
      ),
    );
  }
  return [...told, ...judgeSettings(mailboxes, env)];
}

/** What a mailbox uses of what it may hold; 1 is full. */
function fullness({ arguments: args, messages = 0, message_bytes = 0 }: Mailbox): number {
  const of = (used: number, most: unknown) => (typeof most === 'number' && most > 0 ? used / most : 0);
  return Math.max(of(messages, args['x-max-length']), of(message_bytes, args['x-max-length-bytes']));
}

function judgeSettings(mailboxes: readonly Mailbox[], env: RelayConfig['env']): Finding[] {
  const wanted = {
    'x-expires': env.RELAY_MAILBOX_EXPIRES,
    'x-message-ttl': env.RELAY_MAILBOX_AGE,
    'x-max-length': env.RELAY_MAILBOX_LENGTH,
    'x-max-length-bytes': env.RELAY_MAILBOX_BYTES,
    'x-queue-type': mailboxType(env),
  };
  const other = mailboxes.filter(({ arguments: args }) =>
    Object.entries(wanted).some(([name, value]) => args[name] !== undefined && args[name] !== value),
  );
  const [first] = other;
  if (!first) return [];
  return [
    found(
      'DOC_MAILBOX_SETTINGS',
      `${other.length} of ${mailboxes.length} mailboxes looked at were made under other settings, such as ${first.name}`,
      'nothing: each is made anew once it was emptied; or set RELAY_MAILBOX_… as they were',
    ),
  ];
}
