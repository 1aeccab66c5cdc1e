import { readFileSync } from 'node:fs';
import { PolicyError } from '../policy/errors.js';
import { type LintOptions, lint, type Warning } from '../policy/lint/lint.js';
import { loadRules } from '../policy/load.js';
import { readArguments } from './arguments.js';
import { type Command, EXIT, UsageError } from './terminal.js';

const HELP = `Checks an access file: what the relay would refuse to start with, and what is likely not meant.

Usage: stomp-relay lint [options] [file]

  file       the access file (default: RELAY_ACCESS_FILE)
  --strict   warnings count as errors
  --help     this text

Each finding is one line: file:line:column: error|warning: what to do. RELAY_ROLES_CLAIM and RELAY_TENANT_CLAIM are read
as the relay reads them.

Exit code: 0 clean, 1 errors (with --strict also warnings), 2 the file cannot be read.`;

export const lintCommand: Command = {
  summary: 'check an access file',
  help: HELP,
  async run(args, { env, out }) {
    const { values, positionals } = readArguments(args, { strict: { type: 'boolean' } });
    if (positionals.length > 1) throw new UsageError('give one file, or none for RELAY_ACCESS_FILE');
    const file = positionals[0] || env.RELAY_ACCESS_FILE;
    if (!file) throw new UsageError('no file: name one, or set RELAY_ACCESS_FILE');
    const findings = check(readFile(file), file, {
      rolesClaim: env.RELAY_ROLES_CLAIM || 'roles',
      tenantClaim: env.RELAY_TENANT_CLAIM || 'tenant',
    });
    for (const { kind, line, column, message } of findings) {
      out(`${file}:${line}:${column}: ${kind}: ${message}`);
    }
    const bad = findings.some(({ kind }) => values.strict || kind === 'error');
    return bad ? EXIT.no : EXIT.yes;
  },
};

interface Finding extends Warning {
  readonly kind: 'error' | 'warning';
}

function check(text: string, file: string, options: LintOptions): Finding[] {
  try {
    return lint(loadRules(text, file, options), options).map((found) => ({ ...found, kind: 'warning' }));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems.map((found) => ({ ...found, kind: 'error' }));
  }
}

function readFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`the file cannot be read: ${(error as Error).message}`);
  }
}
