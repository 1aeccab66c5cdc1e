import { grantOptions, readAccessFile } from '../access-file.js';
import type { Identity } from '../auth/identity.js';
import { readConfig } from '../config.js';
import type { Action } from '../destination.js';
import { quote } from '../destination-checks.js';
import { AuthError } from '../errors.js';
import { createAccess } from '../policy/access.js';
import type { BrokerAddress } from '../policy/broker-address.js';
import { type Explanation, explain } from '../policy/explain.js';
import { loadPolicy } from '../policy/load.js';
import { emptyPolicy } from '../policy/policy.js';
import { readArguments } from './arguments.js';
import { readCaller } from './caller.js';
import { type Command, EXIT, type Terminal, UsageError } from './terminal.js';

const HELP = `Says whether a client may subscribe or send somewhere, which rule decides, and what the destination is at the broker.

Usage: stomp-relay explain [options] subscribe|send <destination>

  --token <jwt>     the client's token; "-" reads it from standard input, and without it RELAY_TOKEN counts.
                    Others on this machine can see a command line: prefer one of the two
  --claims <json>   asks for these claims instead, such as '{"sub":"alice","roles":["admin"]}'; needs no key
  --access <file>   the access file (default: as for the relay, RELAY_ACCESS_FILE or the demo's)
  --json            the answer as JSON
  --help            this text

The settings RELAY_… are read as the relay reads them; no broker is needed. Whether a token has been revoked is known
to running relays only.

Exit code: 0 allowed, 1 denied (also when the token is refused), 2 it could not be told.`;

const OPTIONS = {
  token: { type: 'string' },
  claims: { type: 'string' },
  access: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Refusals that say nothing about rights: no token at all, something else than a token, or no key to check it with. */
const UNTOLD = ['ERR_TOKEN_MISSING', 'ERR_TOKEN_MALFORMED', 'ERR_KEYS_UNAVAILABLE'];

interface Answer extends Explanation {
  /** Null when the token is refused. */
  readonly user: string | null;
  /** Null when there is no access file. */
  readonly file: string | null;
}

interface Question {
  readonly action: Action;
  readonly destination: string;
}

export const explainCommand: Command = {
  summary: 'say whether a client may subscribe or send somewhere, and why',
  help: HELP,
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, OPTIONS);
    const question = questionOf(positionals);
    const env = { ...terminal.env };
    if (values.access !== undefined) env.RELAY_ACCESS_FILE = values.access;
    if (values.claims !== undefined) useNoKey(env);
    const config = readConfig(env);
    const file = readAccessFile(config.env);
    const { RELAY_ROLES_CLAIM: rolesClaim } = config.env;
    const access = createAccess(file ? loadPolicy(file.text, file.name, { rolesClaim }) : emptyPolicy, {
      grants: grantOptions(config.env),
      // Nobody is let through here: there is nothing to log.
      onLetThrough: config.env.RELAY_ACCESS_DRY_RUN ? () => undefined : undefined,
    });
    let answer: Answer;
    try {
      const identity: Identity = await readCaller(values, config, terminal);
      access.checkGrants(identity);
      const explanation = explain(access, question.action, question.destination, identity);
      answer = { user: identity.user, file: file?.name ?? null, ...explanation };
    } catch (error) {
      if (!(error instanceof AuthError) || UNTOLD.includes(error.code)) throw error;
      answer = { user: null, file: file?.name ?? null, ...refused(error) };
    }
    tell(answer, question, values.json === true, terminal);
    return answer.allowed ? EXIT.yes : EXIT.no;
  },
};

function questionOf(positionals: readonly string[]): Question {
  const [action, destination] = positionals;
  if (
    positionals.length !== 2 ||
    (action !== 'subscribe' && action !== 'send') ||
    destination === undefined
  ) {
    throw new UsageError('say what and where: "subscribe <destination>" or "send <destination>"');
  }
  return { action, destination };
}

/** Claims are checked with no key, and the settings of a relay are not complete without one. */
function useNoKey(env: NodeJS.ProcessEnv): void {
  if (env.RELAY_JWT_SECRET || env.RELAY_JWT_PUBLIC_KEY || env.RELAY_JWKS_URL) return;
  env.RELAY_JWT_SECRET = 'no token is ever checked with this';
}

function refused({ code, message }: AuthError): Explanation {
  const reason = `The token is refused: ${message}.`;
  const nothing = { rule: null, grants: null, destination: null, broker: null };
  return { allowed: false, code, reason, dryRun: false, headers: {}, slow: null, ...nothing };
}

function tell(answer: Answer, { action, destination }: Question, json: boolean, { out }: Terminal): void {
  if (json) {
    out(JSON.stringify(answer, null, 2));
    return;
  }
  const { allowed, user, reason, rule, file, broker, headers, slow } = answer;
  const verdict = allowed ? 'allowed' : 'denied';
  out(`${verdict}: ${user ?? 'whoever has this token'}, ${action} ${quote(destination)}`);
  out(`  why      ${reason}`);
  if (rule) out(`  rule     ${file ?? 'access file'}:${rule.line}${rule.name ? ` (${rule.name})` : ''}`);
  if (answer.grants?.pattern) out(`  grant    ${answer.grants.pattern}`);
  if (broker) out(`  broker   ${addressText(broker)}`);
  const granted = Object.entries(headers);
  if (granted.length > 0)
    out(`  headers  ${granted.map(([name, values]) => `${name}: ${values}`).join('; ')}`);
  if (slow) out(`  slow     ${slow.policy}${slow.policy === 'drop-oldest' ? `: ${slow.most}` : ''}`);
}

function addressText(broker: BrokerAddress): string {
  return 'queue' in broker
    ? `queue ${broker.queue}`
    : `exchange ${broker.exchange}, routing key ${JSON.stringify(broker.routingKey)}`;
}
