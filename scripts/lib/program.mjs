import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { endAllOnSignal, show } from './children.mjs';
import { canInstallPackages, hasRabbitmq, installPackage, missing } from './machine.mjs';
import { build, install, root } from './project.mjs';
import { checkNodeVersion, printError, step } from './steps.mjs';

/** Each client is an open file here and one in the relay: as many as may be, where fewer are the custom. */
const MORE_FILES = 'ulimit -S -n "$(ulimit -H -n)" 2>/dev/null; exec "$0" "$@"';

/**
 * Runs one of the compiled programs with the arguments of this process, after whatever it needs is there.
 * @param {object} what
 * @param {string} what.main below dist/
 * @param {string} what.help shown while the program, which knows more, has not been built
 * @param {number} what.patience milliseconds for the program to end what it has started
 * @param {(args: string[]) => boolean} [what.needsBroker] whether RabbitMQ must be installed; default: always
 */
export async function runProgram({ main, help, patience, needsBroker = () => true }) {
  try {
    checkNodeVersion();
    endAllOnSignal(patience);
    const args = process.argv.slice(2);
    const program = join(root, 'dist', main);
    if (args.some((arg) => arg === '--help' || arg === '-h') && !existsSync(program)) {
      console.log(help);
      return;
    }
    await step('Packages', install);
    if (needsBroker(args) && !hasRabbitmq()) {
      if (!canInstallPackages()) throw missing('RabbitMQ', 'rabbitmq-server');
      await step('Installing RabbitMQ (apt-get)', () => installPackage('rabbitmq-server'));
    }
    await step('Build', build);
    if (!(await show('/bin/sh', ['-c', MORE_FILES, process.execPath, program, ...args], { cwd: root }))) {
      process.exitCode = 1;
    }
  } catch (error) {
    printError(error);
    process.exitCode = 1;
  }
}
