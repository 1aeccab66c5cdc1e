import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endAllOnSignal, show } from './lib/children.mjs';
import { canInstallPackages, hasRabbitmq, installPackage, missing } from './lib/machine.mjs';
import { build, install, root } from './lib/project.mjs';
import { checkNodeVersion, printError, step } from './lib/steps.mjs';

const HELP = `Breaks everything that can break while messages are published, and counts what was lost.

  npm run torture [-- options]

  --short   under a minute, as in the tests
  --help    this text; all options once the project has been built
`;

/** Time to stop the broker in order, which is the slowest of what a run has started. */
const END_PATIENCE = 10_000;

async function main() {
  checkNodeVersion();
  endAllOnSignal(END_PATIENCE);
  const args = process.argv.slice(2);
  const program = join(root, 'dist/torture/main.js');
  if (args.some((arg) => arg === '--help' || arg === '-h') && !existsSync(program)) {
    console.log(HELP);
    return;
  }
  await step('Packages', install);
  if (!hasRabbitmq()) {
    if (!canInstallPackages()) throw missing('RabbitMQ', 'rabbitmq-server');
    await step('Installing RabbitMQ (apt-get)', () => installPackage('rabbitmq-server'));
  }
  await step('Build', build);
  if (!(await show(process.execPath, [program, ...args], { cwd: root }))) process.exitCode = 1;
}

main().catch((error) => {
  printError(error);
  process.exitCode = 1;
});
