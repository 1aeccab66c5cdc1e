import type { StompVersion } from './frame.js';

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
}

function rule(
  name: string,
  sentBy: 'client' | 'server',
  special: { body?: true; escaped?: false; since?: StompVersion } = {},
): CommandRule {
  return {
    name,
    sentBy,
    body: special.body ?? false,
    escaped: special.escaped ?? true,
    since: special.since ?? '1.0',
  };
}

const RULES: readonly CommandRule[] = [
  rule('CONNECT', 'client', { escaped: false }),
  rule('STOMP', 'client', { escaped: false, since: '1.1' }),
  rule('SEND', 'client', { body: true }),
  rule('SUBSCRIBE', 'client'),
  rule('UNSUBSCRIBE', 'client'),
  rule('ACK', 'client'),
  rule('NACK', 'client', { since: '1.1' }),
  rule('BEGIN', 'client'),
  rule('COMMIT', 'client'),
  rule('ABORT', 'client'),
  rule('DISCONNECT', 'client'),
  rule('CONNECTED', 'server', { escaped: false }),
  rule('MESSAGE', 'server', { body: true }),
  rule('RECEIPT', 'server'),
  rule('ERROR', 'server', { body: true }),
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
