import { readConfig } from '../config.js';
import { CHECKS } from '../doctor/checks.js';
import { Examination } from '../doctor/examination.js';
import { reportOf, reportText } from '../doctor/report.js';
import { runChecks } from '../doctor/run.js';
import { readArguments } from './arguments.js';
import { type Command, EXIT, UsageError } from './terminal.js';

const NAMES = CHECKS.map(({ name }) => name);
const SECONDS = 10;

const HELP = `Looks at a broker, before a relay serves and while it does: what is wrong, why it matters, and how to mend it.

Usage: stomp-relay doctor [options]

  --relay <url>       looks at this relay, too; may be repeated
  --only <names>      only these checks, with commas: ${NAMES.slice(0, 7).join(', ')},
                      ${NAMES.slice(7, 14).join(', ')}, ${NAMES.slice(14).join(', ')}
  --timeout <seconds> longest time that the broker may take over anything (${SECONDS})
  --strict            warnings count as errors
  --json              the answer as JSON
  --help              this text

It reads the relay's own settings: RABBITMQ_URL, RABBITMQ_WEB_STOMP_URL, RABBITMQ_CLIENT_USERNAME and _PASSWORD, RELAY_…
(no key for tokens is needed); and RABBITMQ_MANAGEMENT_URL, without which it sees little more than whether messages pass.
It changes nothing at the broker: what it tries out is gone when it ends. docs/doctor.md explains every finding.

Exit code: 0 no errors, 1 errors (with --strict also warnings), 2 it could not be told.`;

const OPTIONS = {
  relay: { type: 'string', multiple: true },
  only: { type: 'string' },
  timeout: { type: 'string' },
  strict: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export const doctorCommand: Command = {
  summary: 'look at the broker, and say what to mend',
  help: HELP,
  async run(args, { env, out }) {
    const { values, positionals } = readArguments(args, OPTIONS);
    if (positionals.length > 0) throw new UsageError('it takes options only');
    const checks = chosen(values.only);
    const timeout = 1000 * seconds(values.timeout);
    const relays = values.relay ?? [];
    for (const url of relays)
      if (!/^https?:$/.test(urlOf(url).protocol)) throw new UsageError('--relay takes http://… or https://…');
    const examination = new Examination(readConfig(withoutKeys(env)), { timeout, relays });
    // Each thing may take that long, and a check is a few of them.
    const report = reportOf(await runChecks(checks, examination, 3 * timeout));
    out(values.json ? JSON.stringify(report, null, 2) : reportText(report));
    const { error, warning } = report.counts;
    if (report.findings.some(({ code }) => code === 'DOC_CHECK_FAILED')) return EXIT.failed;
    return error > 0 || (values.strict && warning > 0) ? EXIT.no : EXIT.yes;
  },
};

function chosen(only: string | undefined) {
  if (only === undefined) return CHECKS;
  const names = only.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !NAMES.includes(name));
  if (wrong !== undefined) throw new UsageError(`--only takes some of ${NAMES.join(', ')}`);
  return CHECKS.filter(({ name }) => names.includes(name));
}

function seconds(text: string | undefined): number {
  const value = Number(text ?? SECONDS);
  if (!(value >= 1 && value <= 600)) throw new UsageError('--timeout takes 1 to 600 seconds');
  return value;
}

function urlOf(text: string): URL {
  if (!URL.canParse(text))
    throw new UsageError('--relay takes the address of a relay, such as http://127.0.0.1:8080');
  return new URL(text);
}

/** How tokens are checked is nothing to the broker; settings that are wrong there are the relay's to complain of. */
function withoutKeys(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { RELAY_JWT_PUBLIC_KEY, RELAY_JWKS_URL, ...rest } = env;
  return { ...rest, RELAY_JWT_SECRET: 'no token is ever checked with this' };
}
