import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './children.mjs';
import { UserError } from './steps.mjs';

/**
 * True when the program is in the PATH or in a folder where Debian puts it.
 * @param {string} name
 */
export function isInstalled(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return folders.some((folder) => folder !== '' && isExecutable(join(folder, name)));
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function hasRabbitmq() {
  return isInstalled('rabbitmq-server') || existsSync('/usr/lib/rabbitmq/bin/rabbitmq-server');
}

export function hasChromium() {
  return existsSync(process.env.CHROMIUM_PATH ?? '/usr/bin/chromium');
}

/** True when Debian packages can be installed without asking anybody. */
export function canInstallPackages() {
  return process.getuid?.() === 0 && isInstalled('apt-get');
}

/**
 * Installs one Debian package, without starting a service that comes with it.
 * @param {string} name
 */
export async function installPackage(name) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const allowServices = denyServices();
  try {
    await run('apt-get', ['update', '-q'], { env });
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', name], { env });
  } finally {
    allowServices();
  }
  return 'installed';
}

/** Debian's packages ask this file before they start their service; one that is there already stays as it is. */
function denyServices() {
  const file = '/usr/sbin/policy-rc.d';
  if (existsSync(file)) return () => {};
  writeFileSync(file, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const remove = () => rmSync(file, { force: true });
  process.once('exit', remove);
  return () => {
    process.off('exit', remove);
    remove();
  };
}

/**
 * @param {string} what for people
 * @param {string} name of the Debian package
 */
export function missing(what, name) {
  return new UserError(
    `${what} is missing. Install it with "sudo apt-get install --no-install-recommends ${name}", ` +
      'or run this command as root, which then does so.',
  );
}
