import type { Frame, StompVersion } from './frame.js';
import { header } from './frame.js';

/** The facts about one STOMP command. */
export interface CommandRule {
  readonly name: string;
  readonly sentBy: 'client' | 'server';
  /** Only SEND, MESSAGE and ERROR may carry a body (STOMP 1.2, Body). */
  readonly body: boolean;
  /** CONNECT and CONNECTED are never escaped (STOMP 1.2, Value Encoding); STOMP is CONNECT by another name. */
  readonly escaped: boolean;
  /** The first version that has the command. */
  readonly since: StompVersion;
  /**
   * Headers without which the frame means nothing. `host` of CONNECT is left out although 1.1 and 1.2
   * ask for it: browser libraries do not send it, and RabbitMQ does not miss it.
   */
  readonly required: Readonly<Record<StompVersion, readonly string[]>>;
}

type Required = CommandRule['required'];

function rule(
  name: string,
  sentBy: 'client' | 'server',
  required: Required,
  special: { body?: true; escaped?: false; since?: StompVersion } = {},
): CommandRule {
  return {
    name,
    sentBy,
    body: special.body ?? false,
    escaped: special.escaped ?? true,
    since: special.since ?? '1.0',
    required,
  };
}

function always(...names: string[]): Required {
  return { '1.0': names, '1.1': names, '1.2': names };
}

const ACKNOWLEDGE = { '1.0': ['message-id'], '1.1': ['message-id', 'subscription'], '1.2': ['id'] } as const;
const NOTHING = always();

/** The row of MESSAGE, which fan-out needs without a search. */
export const MESSAGE = rule(
  'MESSAGE',
  'server',
  {
    '1.0': ['destination', 'message-id'],
    '1.1': ['destination', 'message-id', 'subscription'],
    '1.2': ['destination', 'message-id', 'subscription'],
  },
  { body: true },
);

const RULES: readonly CommandRule[] = [
  rule('CONNECT', 'client', NOTHING, { escaped: false }),
  rule('STOMP', 'client', always('accept-version'), { escaped: false, since: '1.1' }),
  rule('SEND', 'client', always('destination'), { body: true }),
  rule('SUBSCRIBE', 'client', {
    '1.0': ['destination'],
    '1.1': ['destination', 'id'],
    '1.2': ['destination', 'id'],
  }),
  // 1.0 takes `destination` or `id`: which of the two is the session's business.
  rule('UNSUBSCRIBE', 'client', { '1.0': [], '1.1': ['id'], '1.2': ['id'] }),
  rule('ACK', 'client', ACKNOWLEDGE),
  rule('NACK', 'client', ACKNOWLEDGE, { since: '1.1' }),
  rule('BEGIN', 'client', always('transaction')),
  rule('COMMIT', 'client', always('transaction')),
  rule('ABORT', 'client', always('transaction')),
  rule('DISCONNECT', 'client', NOTHING),
  rule('CONNECTED', 'server', { '1.0': [], '1.1': ['version'], '1.2': ['version'] }, { escaped: false }),
  MESSAGE,
  rule('RECEIPT', 'server', always('receipt-id')),
  rule('ERROR', 'server', NOTHING, { body: true }),
];

const byName = new Map(RULES.map((entry) => [entry.name, entry]));

/** The longest command, in octets: a first line beyond it cannot become a frame. */
export const LONGEST_COMMAND = Math.max(...RULES.map((entry) => entry.name.length));

/** The rule of a command, or undefined when STOMP has no such command. Case counts. */
export function commandRule(command: string): CommandRule | undefined {
  return byName.get(command);
}

/** All commands, clients' first. */
export function commandRules(): readonly CommandRule[] {
  return RULES;
}

/** The name of the first required header that a frame lacks, or undefined when it has them all. */
export function missingHeader(frame: Frame, version: StompVersion): string | undefined {
  return commandRule(frame.command)?.required[version].find(
    (name) => header(frame.headers, name) === undefined,
  );
}
