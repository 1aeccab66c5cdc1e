import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { endAllOnSignal, show } from './lib/children.mjs';
import { playwrightCounts, summary, vitestCounts } from './lib/counts.mjs';
import { canInstallPackages, hasChromium, hasRabbitmq, installPackage, missing } from './lib/machine.mjs';
import { build, install, root, tool } from './lib/project.mjs';
import { findSecrets } from './lib/secrets.mjs';
import { checkNodeVersion, printError, step, UserError } from './lib/steps.mjs';

const HELP = `Runs every check: lint, types, build, unit tests, integration tests (with a RabbitMQ node of their own)
and end-to-end tests (with Chromium). Ends with one line: N passed, N failed.

  npm test [-- options]

  --only unit|integration|e2e   only these tests; may be given more than once
  --help                        this text

What is missing is installed: the packages, and RabbitMQ and Chromium through apt-get when run as root.
`;

const kinds = /** @type {const} */ (['unit', 'integration', 'e2e']);
/** @typedef {(typeof kinds)[number]} Kind */

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const named = values.only.flatMap((value) => value.split(','));
    const unknown = named.find((value) => !kinds.some((kind) => kind === value));
    if (unknown !== undefined) throw new Error(`--only does not know "${unknown}"`);
    return { only: kinds.filter((kind) => named.includes(kind)), help: values.help };
  } catch (error) {
    throw new UserError(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/** @param {readonly Kind[]} wanted */
async function provide(wanted) {
  await step('Packages', install);
  const needs = [];
  if (wanted.some((kind) => kind !== 'unit') && !hasRabbitmq()) needs.push(['RabbitMQ', 'rabbitmq-server']);
  if (wanted.includes('e2e') && !hasChromium()) needs.push(['Chromium', 'chromium']);
  for (const [what = '', name = ''] of needs) {
    if (!canInstallPackages()) throw missing(what, name);
    await step(`Installing ${what} (apt-get)`, () => installPackage(name));
  }
}

/**
 * @param {string} title
 * @param {() => Promise<boolean>} work
 */
async function section(title, work) {
  console.log(`\n== ${title}`);
  return work();
}

/**
 * Runs one kind of tests and counts them.
 * @param {Kind} kind
 * @param {string} folder for the report
 */
async function runTests(kind, folder) {
  const report = join(folder, `${kind}.json`);
  if (kind === 'e2e') {
    const env = { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: report };
    const args = ['test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'];
    const good = await section('End-to-end tests', () => show(tool('playwright'), args, { cwd: root, env }));
    return playwrightCounts(report, good);
  }
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const projects = (kind === 'unit' ? ['unit', 'web'] : [kind]).map((name) => `--project=${name}`);
  const good = await section(kind === 'unit' ? 'Unit tests' : 'Integration tests', () =>
    show(tool('vitest'), ['run', ...projects, ...reporters], { cwd: root }),
  );
  return vitestCounts(report, good);
}

/**
 * Everything that relays and brokers have logged in this run, down to trace, is read once more: no token, ticket, password
 * or key may stand anywhere in it.
 * @param {readonly string[]} folders
 */
async function checkLogs(folders) {
  const { lines, secrets, leaks } = await findSecrets(folders);
  for (const leak of leaks.slice(0, 20)) console.error(`  ${leak}`);
  // Without logs, or without knowing what to look for, nothing would be proved.
  const proved = lines > 0 && secrets > 0;
  console.log(`  ${lines} lines, ${secrets} secrets besides tokens and tickets: ${leaks.length} found`);
  return {
    passed: proved && leaks.length === 0 ? 1 : 0,
    failed: proved && leaks.length === 0 ? 0 : 1,
    skipped: 0,
  };
}

async function main() {
  const { only, help } = readOptions();
  if (help) {
    console.log(HELP);
    return;
  }
  checkNodeVersion();
  endAllOnSignal(5000);
  const wanted = only.length > 0 ? only : kinds;
  await provide(wanted);

  if (only.length === 0) {
    const checks =
      (await section('Lint', () => show(tool('biome'), ['check', '.'], { cwd: root }))) &&
      (await section('Types', () => show(tool('tsc'), ['-p', 'tsconfig.json'], { cwd: root })));
    if (!checks) throw new UserError('Tests are not run before lint and types are clean.');
  }
  await step('\nBuild', build);

  const folder = mkdtempSync(join(tmpdir(), 'relay-test-'));
  // Data of brokers and browsers go in there too, so that a run that was broken off leaves nothing behind.
  process.env.TMPDIR = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const counts = [];
  const logs = join(folder, 'logs');
  mkdirSync(logs);
  process.env.RELAY_TEST_LOGS = logs;
  const e2eLogs = join(root, 'test-results');
  for (const kind of wanted) counts.push(await runTests(kind, folder));
  if (wanted.some((kind) => kind !== 'unit')) {
    console.log('\n== Secrets in logs');
    counts.push(await checkLogs(wanted.includes('e2e') ? [logs, e2eLogs] : [logs]));
  }
  const { text, failed } = summary(counts);
  if (failed > 0) process.exitCode = 1;
  console.log(`\n${text}`);
}

main().catch((error) => {
  printError(error);
  console.log(`\n${summary([{ passed: 0, failed: 1, skipped: 0 }]).text}`);
  process.exitCode = 1;
});
