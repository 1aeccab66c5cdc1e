import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the programs of a RabbitMQ installation are. */
export interface Installation {
  /** The real start script, not the wrapper that becomes the user `rabbitmq`. */
  server: string;
  epmd: string;
}

/** RabbitMQ or a program it needs is not on this machine. `message` says how to get it. */
export class NotInstalledError extends Error {
  constructor(what: string) {
    super(
      `${what} was not found. Install it with "apt-get install rabbitmq-server" (Debian and Ubuntu; the system ` +
        'service need not run), or set RABBITMQ_URL to a broker that is running already.',
    );
    this.name = 'NotInstalledError';
  }
}

/**
 * Finds RabbitMQ's start script and epmd.
 * @throws NotInstalledError when either is missing.
 */
export function locateInstallation(path = process.env.PATH ?? ''): Installation {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  const server = [
    '/usr/lib/rabbitmq/bin/rabbitmq-server',
    ...versionedScripts('/usr/lib/rabbitmq/lib'),
    '/opt/rabbitmq/sbin/rabbitmq-server',
    ...folders.map((folder) => join(folder, 'rabbitmq-server')),
  ].find((file) => isExecutable(file) && !isWrapper(file));
  if (server === undefined) throw new NotInstalledError('RabbitMQ (rabbitmq-server)');

  const epmd = [
    ...folders.map((folder) => join(folder, 'epmd')),
    '/usr/bin/epmd',
    '/usr/local/bin/epmd',
    '/usr/lib/erlang/bin/epmd',
  ].find(isExecutable);
  if (epmd === undefined) throw new NotInstalledError("Erlang's port mapper (epmd)");
  return { server, epmd };
}

/** The folder with enabled_plugins, rabbitmq.conf and definitions.json; the same from source and from `dist`. */
export function configFolder(from = dirname(fileURLToPath(import.meta.url))): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'rabbitmq', 'definitions.json'))) return join(folder, 'rabbitmq');
    if (folder === dirname(folder)) throw new Error(`No folder above ${from} has rabbitmq/definitions.json`);
  }
}

function versionedScripts(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith('rabbitmq_server-'))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => join(folder, name, 'sbin', 'rabbitmq-server'));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Debian's script in /usr/sbin changes to /var/lib/rabbitmq and to another user: no good for a private node. */
function isWrapper(file: string): boolean {
  return readFileSync(file, 'utf8').includes('cd /var/lib/rabbitmq');
}
