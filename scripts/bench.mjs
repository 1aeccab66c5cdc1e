import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endAllOnSignal, show } from './lib/children.mjs';
import { canInstallPackages, hasRabbitmq, installPackage, missing } from './lib/machine.mjs';
import { build, install, root } from './lib/project.mjs';
import { checkNodeVersion, printError, step } from './lib/steps.mjs';

const HELP = `Compares the relay with RabbitMQ's own Web-STOMP on the same broker.

  npm run bench [-- options]

  --quick   a first look in under a minute
  --help    this text; all options once the project has been built
`;

async function main() {
  checkNodeVersion();
  endAllOnSignal(5000);
  const args = process.argv.slice(2);
  const program = join(root, 'dist/bench/main.js');
  if (args.some((arg) => arg === '--help' || arg === '-h') && !existsSync(program)) {
    console.log(HELP);
    return;
  }
  await step('Packages', install);
  if (!hasRabbitmq() && !args.includes('--broker')) {
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
